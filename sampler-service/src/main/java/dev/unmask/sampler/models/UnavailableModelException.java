package dev.unmask.sampler.models;

/**
 * The one error of this package: weights that this worker cannot serve. The message is a sentence.
 */
public final class UnavailableModelException extends Exception {

  /** What kind of unavailable; stable. */
  public enum Reason {
    /** Nobody published such weights for this worker's base. */
    UNKNOWN,
    /** What was asked for is not the name of a model. */
    NOT_A_NAME,
    /** The weights exist but could not be fetched, verified, loaded or made to answer. */
    BROKEN
  }

  private final Reason reason;

  public UnavailableModelException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public UnavailableModelException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
