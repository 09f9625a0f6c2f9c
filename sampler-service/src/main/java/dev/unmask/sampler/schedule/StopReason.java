package dev.unmask.sampler.schedule;

import dev.unmask.v1.ErrorCode;

/** Why a run is stopped from outside. The first reason given to a run decides its outcome. */
public sealed interface StopReason {

  Outcome outcome();

  /** Somebody asked for it. */
  record Cancelled(String reason) implements StopReason {
    @Override
    public Outcome outcome() {
      String because = reason.isBlank() ? "" : ": " + reason;
      return new Outcome.Failed(
          ErrorCode.ERROR_CODE_CANCELLED, "the request was cancelled" + because, "");
    }
  }

  /** Its deadline passed. */
  record DeadlinePassed() implements StopReason {
    @Override
    public Outcome outcome() {
      return new Outcome.Failed(
          ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED,
          "the deadline passed before the answer was complete",
          "");
    }
  }

  /** The worker lost its hold on the request, or stops; another worker answers. */
  record LostHold() implements StopReason {
    @Override
    public Outcome outcome() {
      return new Outcome.Abandoned();
    }
  }
}
