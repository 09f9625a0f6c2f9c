package dev.unmask.sft.recipe;

/**
 * How much of the loss teaches where to stop: the share of EOS padding among the answer slots of a
 * pass. A model that saw little of it does not end its answers, one that saw too much writes
 * nothing else.
 */
public final class EosShare {

  private EosShare() {}

  /** The share in the first pass, 0 to 1; 0 without samples. */
  public static double of(TokenisedRows samples, BatchPlan.Shape shape, long seed) {
    long answers = 0;
    for (int i = 0; i < samples.size(); i++) {
      answers += samples.answerLength(i);
    }
    long padding = 0;
    for (BatchPlan.Batch batch : BatchPlan.of(samples, shape, seed, 0)) {
      for (int i = 0; i < batch.rows().length; i++) {
        padding += batch.lengths()[i] - samples.length(batch.rows()[i]);
      }
    }
    return answers + padding == 0 ? 0 : padding / (double) (answers + padding);
  }
}
