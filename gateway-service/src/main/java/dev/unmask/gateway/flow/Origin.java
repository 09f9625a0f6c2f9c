package dev.unmask.gateway.flow;

import org.jspecify.annotations.Nullable;

/**
 * Who makes a call.
 *
 * @param tenant whose quotas and jobs count
 * @param key the caller's name for the request ({@code Idempotency-Key}), if it has one
 * @param afterSeq the last event of a stream under that key that the caller has; 0 for none
 * @param traceparent the caller's span, if it has one
 */
public record Origin(
    String tenant, @Nullable String key, long afterSeq, @Nullable String traceparent) {

  /** Whose calls are when nobody says otherwise. */
  public static final String DEFAULT_TENANT = "default";

  /** A caller whose traces nobody keeps. */
  public Origin(String tenant, @Nullable String key, long afterSeq) {
    this(tenant, key, afterSeq, null);
  }

  /** A caller without a name or a key. */
  public static final Origin ANYBODY = new Origin(DEFAULT_TENANT, null, 0);

  /** The same caller behind an event that it has. */
  public Origin after(long seq) {
    return new Origin(tenant, key, seq, traceparent);
  }

  /** The same caller asking for one of several answers. */
  public Origin answer(int index) {
    return index == 0 ? this : part(Integer.toString(index));
  }

  /** The same caller asking for a part of what is done under the key. */
  public Origin part(String name) {
    return key == null ? this : new Origin(tenant, key + "#" + name, afterSeq, traceparent);
  }
}
