package dev.unmask.proto;

/** Names of record headers. Values are UTF-8 text. */
public final class Headers {

  /** Where the answer goes; must start with {@link Topics#REPLY_PREFIX}. */
  public static final String REPLY_TOPIC = "unmask-reply-topic";

  /** Partition of the reply topic, a decimal number; absent lets the key decide. */
  public static final String REPLY_PARTITION = "unmask-reply-partition";

  /** The gateway instance that waits; instances that share a partition skip what is not theirs. */
  public static final String REPLY_INSTANCE = "unmask-reply-instance";

  /** The span that the record belongs to, as the W3C writes it; absent when nothing is recorded. */
  public static final String TRACEPARENT = "traceparent";

  /** {@link #PROTOBUF} (also when absent) or {@link #JSON}. */
  public static final String CONTENT_TYPE = "content-type";

  public static final String PROTOBUF = "application/x-protobuf";
  public static final String JSON = "application/json";

  private Headers() {}
}
