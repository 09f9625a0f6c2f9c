package dev.unmask.model.torch;

/** The native library of this process does not compute what the models need; see the message. */
public final class UnusableLibraryException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** {@code message} is a sentence for the operator. */
  public UnusableLibraryException(String message) {
    super(message);
  }

  UnusableLibraryException(String message, Throwable cause) {
    super(message, cause);
  }
}
