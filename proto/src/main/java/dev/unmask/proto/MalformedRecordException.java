package dev.unmask.proto;

/** A record value that is not the message its topic carries; the message is fit for a person. */
public final class MalformedRecordException extends Exception {

  public MalformedRecordException(String message, Throwable cause) {
    super(message, cause);
  }
}
