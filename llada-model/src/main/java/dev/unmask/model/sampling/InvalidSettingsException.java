package dev.unmask.model.sampling;

/** Settings that make no canvas; the message is a sentence for the caller. */
public final class InvalidSettingsException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final String field;

  public InvalidSettingsException(String field, String sentence) {
    super(sentence);
    this.field = field;
  }

  /** The component at fault, in lower camel case, such as {@code blockLength}. */
  public String field() {
    return field;
  }
}
