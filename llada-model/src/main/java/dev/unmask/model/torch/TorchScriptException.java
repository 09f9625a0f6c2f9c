package dev.unmask.model.torch;

/** TorchScript text that did not load, or a call that failed inside it. */
public final class TorchScriptException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TorchScriptException(String message, Throwable cause) {
    super(message, cause);
  }
}
