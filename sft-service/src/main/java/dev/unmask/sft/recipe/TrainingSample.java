package dev.unmask.sft.recipe;

/**
 * A row of tokens.
 *
 * @param ids prompt and answer
 * @param promptLength tokens that are never masked; 0 when all are learned
 * @param ends whether the text ends here: then EOS may follow as padding, and counts as answer.
 *     Windows cut from a long text do not end.
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record TrainingSample(int[] ids, int promptLength, boolean ends) {

  public TrainingSample {
    if (promptLength < 0 || promptLength >= ids.length) {
      throw new IllegalArgumentException(
          "a sample of " + ids.length + " tokens cannot have a prompt of " + promptLength);
    }
  }

  /** Tokens without padding. */
  public int length() {
    return ids.length;
  }

  /** Tokens that may be masked, without padding. */
  public int answerLength() {
    return ids.length - promptLength;
  }
}
