package dev.unmask.store;

import java.io.IOException;

/** The one error of this package. The message is a sentence that is fit for a person. */
public final class StoreException extends IOException {

  /** What kind of thing went wrong; stable, for mapping to a protocol's status. */
  public enum Reason {
    /** The store does not hold what was asked for. */
    NOT_FOUND,
    /** Content is not what its name says. */
    CORRUPT,
    /** What was given cannot be stored: a bad name, a bad folder, a bad manifest. */
    INVALID,
    /** An upload is over its limit. */
    TOO_LARGE,
    /** What lies below the store failed: the disk, the network, the service, its permissions. */
    STORAGE
  }

  private final Reason reason;

  public StoreException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public StoreException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Something below the store failed. */
  public static StoreException storage(String what, IOException cause) {
    return new StoreException(Reason.STORAGE, what + ": " + describe(cause), cause);
  }

  /** Something that cannot be stored or used. */
  public static StoreException invalid(String message) {
    return new StoreException(Reason.INVALID, message);
  }

  private static String describe(IOException e) {
    String message = e.getMessage();
    return e.getClass().getSimpleName() + (message == null ? "" : " (" + message + ")");
  }

  public Reason reason() {
    return reason;
  }
}
