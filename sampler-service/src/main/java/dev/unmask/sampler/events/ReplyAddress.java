package dev.unmask.sampler.events;

import org.jspecify.annotations.Nullable;

/**
 * Where the events of a request go, and in which form.
 *
 * @param topic null when the request named none that may be written to; then only the results topic
 *     hears of it
 * @param partition null lets the request id decide
 * @param instance the gateway that waits, repeated on every event for those who share a partition
 * @param traceparent the span that events belong to; null when none is recorded
 * @param json whether the request came as protobuf JSON and its events go out so
 */
public record ReplyAddress(
    @Nullable String topic,
    @Nullable Integer partition,
    @Nullable String instance,
    @Nullable String traceparent,
    boolean json) {

  /** Nobody waits. */
  public static ReplyAddress nowhere(boolean json) {
    return new ReplyAddress(null, null, null, null, json);
  }

  /** The same for events of a span. */
  public ReplyAddress within(@Nullable String span) {
    return span == null ? this : new ReplyAddress(topic, partition, instance, span, json);
  }
}
