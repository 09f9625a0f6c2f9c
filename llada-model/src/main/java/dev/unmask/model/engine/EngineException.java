package dev.unmask.model.engine;

/** Why a task did not finish. */
public final class EngineException extends Exception {

  private static final long serialVersionUID = 1L;

  /** The closed set of reasons. */
  public enum Reason {
    /** Its ticket was cancelled. */
    CANCELLED,
    /** The task cannot run on this model; the message says what would. */
    INVALID_TASK,
    /** The task alone needs more memory than there is; the message says the numbers. */
    TOO_LARGE,
    /**
     * Memory ran out although the task should have fitted; it was the newest of its step. Asking
     * again later may succeed.
     */
    OUT_OF_MEMORY,
    /** The task's deadline passed; no forward pass was made for it after that. */
    DEADLINE_EXCEEDED,
    /** The model takes no new tasks. */
    MODEL_RETIRED,
    /** The engine is closed. */
    ENGINE_CLOSED,
    /** A forward pass failed for this task. */
    INTERNAL
  }

  private final Reason reason;

  EngineException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  EngineException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
