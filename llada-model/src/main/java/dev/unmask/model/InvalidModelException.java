package dev.unmask.model;

/**
 * A model folder that cannot be used: its message says which file or field is wrong and what would
 * be right.
 */
public final class InvalidModelException extends Exception {

  private static final long serialVersionUID = 1L;

  public InvalidModelException(String message) {
    super(message);
  }

  public InvalidModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
