package dev.unmask.text;

/**
 * One added token of tokenizer.json: a text that the tokenizer takes as one token wherever it
 * stands.
 *
 * @param special whether decoded text leaves it out
 * @param leftStrip whether it swallows white space before it
 * @param rightStrip whether it swallows white space behind it
 * @param singleWord whether it counts only between characters that are no letters or digits
 */
record AddedToken(
    String content,
    int id,
    boolean special,
    boolean leftStrip,
    boolean rightStrip,
    boolean singleWord) {

  /** Runs of white space are added tokens of some models; they are text like any other. */
  boolean isText() {
    return content.isBlank();
  }
}
