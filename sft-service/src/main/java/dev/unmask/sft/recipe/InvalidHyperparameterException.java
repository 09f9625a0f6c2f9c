package dev.unmask.sft.recipe;

/** A hyperparameter outside its range; the message is a sentence that names the range. */
public final class InvalidHyperparameterException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final String field;

  public InvalidHyperparameterException(String field, String sentence) {
    super(sentence);
    this.field = field;
  }

  /** The hyperparameter at fault as the API calls it, such as {@code batch_size}. */
  public String field() {
    return field;
  }
}
