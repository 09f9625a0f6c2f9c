package dev.unmask.sft.training;

import dev.unmask.sft.evaluation.AnswerMasks;
import dev.unmask.sft.recipe.HeldOut;
import dev.unmask.sft.recipe.TokenisedRows;

/**
 * When a run is judged, and on what.
 *
 * @param rows that are not trained on; at least one
 * @param everySteps updates between two evaluations; 0 for one before and one after only
 * @param keepBest whether the weights with the lowest bound are the run's result
 */
public record EvaluationPlan(
    TokenisedRows rows, AnswerMasks masks, long everySteps, boolean keepBest) {

  /** Answers that are scored each time: what keeps evaluation a few percent of a run. */
  private static final int MOST_ANSWERS = 128;

  private static final int COPIES = 4;
  private static final int GROUPS = 2;

  /** At most 128 of the rows, always the same, with 4 noisy copies each, always the same. */
  public static EvaluationPlan of(
      TokenisedRows rows, long everySteps, boolean keepBest, long seed) {
    return new EvaluationPlan(
        HeldOut.some(rows, MOST_ANSWERS),
        new AnswerMasks(COPIES, GROUPS, seed),
        everySteps,
        keepBest);
  }
}
