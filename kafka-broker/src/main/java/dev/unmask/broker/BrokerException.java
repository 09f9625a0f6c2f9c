package dev.unmask.broker;

/** The broker or its topics cannot be had; the message is a sentence that is fit for a person. */
public final class BrokerException extends Exception {

  private static final long serialVersionUID = 1;

  BrokerException(String message) {
    super(message);
  }

  BrokerException(String message, Throwable cause) {
    super(message, cause);
  }
}
