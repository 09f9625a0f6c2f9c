package dev.unmask.sft.recipe;

/** What becomes of a row with more tokens than allowed. */
public enum Overlong {
  /** It is not used, and counts as a bad row. */
  REJECT,
  /**
   * The answer is cut at the end, and nothing teaches the model to stop there. A turn whose prompt
   * alone is too long is left out.
   */
  TRUNCATE,
  /** The turns that fit are used, longer ones are left out. */
  KEEP_FITTING_TURNS
}
