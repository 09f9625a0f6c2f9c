package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.Priority;
import dev.unmask.store.Digest;
import dev.unmask.v1.EventDetail;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One delivery of a request, as its record says it. Its form is checked; whether a model can honour
 * it is not.
 *
 * @param tenant whose it is; empty when the record does not say
 * @param attempt deliveries so far, this one included; from 1
 * @param pinned the weights chosen at admission; null lets the name in the request decide
 * @param priority whether somebody waits for the answer
 * @param deadline when the answer is worth nothing any more; {@link Instant#MAX} for never
 * @param admitted when the request entered the cluster, for the timings
 * @param waited how long its record waited until this worker had room, for the timings
 */
public record RequestedJob(
    String requestId,
    String tenant,
    int attempt,
    Wanted wanted,
    @Nullable Digest pinned,
    Priority priority,
    Instant deadline,
    Instant admitted,
    Duration waited,
    EventDetail detail) {

  /** The deadline as the engine takes it: null for never. */
  @Nullable Instant patience() {
    return deadline.equals(Instant.MAX) ? null : deadline;
  }
}
