package dev.unmask.sft.job;

/** The job cannot be done; the message is a sentence for the person who asked for it. */
public final class JobFailedException extends Exception {

  private static final long serialVersionUID = 1L;

  public JobFailedException(String message) {
    super(message);
  }

  public JobFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
