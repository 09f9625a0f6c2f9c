package dev.unmask.sampler.intake;

import dev.unmask.sampler.events.ReplyAddress;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.v1.ErrorCode;
import org.jspecify.annotations.Nullable;

/** What a request record turned out to be. */
sealed interface ReadRequest {

  /** A request whose form is right. */
  record Runs(RequestedJob job, ReplyAddress reply) implements ReadRequest {}

  /**
   * A request that gets a terminal error and is accepted.
   *
   * @param field path of the request field at fault; empty when none is
   */
  record Refused(String requestId, ReplyAddress reply, ErrorCode code, String field, String message)
      implements ReadRequest {}

  /**
   * A record that goes to dead letters, with a terminal error where its request is known.
   *
   * @param requestId null when the record has no usable one
   * @param label stable name of the reason, for metrics
   */
  record Poison(
      @Nullable String requestId, ReplyAddress reply, ErrorCode code, String label, String message)
      implements ReadRequest {}

  /** A record for newer readers: given back. */
  record TooNew(String requestId, int needed) implements ReadRequest {}
}
