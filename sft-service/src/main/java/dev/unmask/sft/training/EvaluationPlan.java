package dev.unmask.sft.training;

import dev.unmask.sft.evaluation.AnswerMasks;
import dev.unmask.sft.recipe.HeldOut;
import dev.unmask.sft.recipe.PairRows;
import dev.unmask.sft.recipe.TokenisedRows;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * When a run is judged, and on what.
 *
 * @param rows that are not trained on; at least one
 * @param everySteps updates between two evaluations; 0 for one before and one after only
 * @param keepBest whether the weights with the lowest bound are the run's result
 * @param pairs that are ranked too, where preferences are learned
 */
public record EvaluationPlan(
    TokenisedRows rows,
    AnswerMasks masks,
    long everySteps,
    boolean keepBest,
    @Nullable PairRows pairs) {

  /** What all evaluations of a run together may cost, as a share of its training. */
  private static final double SHARE = 0.015;

  /** A forward pass alone, as a share of what a step takes for the same tokens. */
  private static final double FORWARD = 1 / 3.0;

  /** Fewer say too little of which state is better, more say hardly anything new. */
  private static final int FEWEST_ANSWERS = 32;

  private static final int MOST_ANSWERS = 256;

  /** For a number of tokens it says more to score many answers twice than few often. */
  private static final int COPIES = 2;

  private static final int GROUPS = 2;

  /**
   * Ranking a pair, as a share of what learning it takes: two of five forward passes, a gradient
   * being two of them.
   */
  private static final double RANKING = 0.4;

  private static final int FEWEST_PAIRS = 16;
  private static final int MOST_PAIRS = 256;

  /**
   * So many of the rows, always the same, that evaluating costs a few percent of the run, with two
   * noisy copies each, always the same.
   *
   * @param steps updates of the run
   * @param tokens that all of them compute
   */
  public static EvaluationPlan of(
      TokenisedRows rows, long everySteps, boolean keepBest, long seed, long steps, double tokens) {
    return new EvaluationPlan(
        HeldOut.some(rows, answers(rows, everySteps, steps, tokens)),
        new AnswerMasks(COPIES, GROUPS, seed),
        everySteps,
        keepBest,
        null);
  }

  /**
   * The same, and some of the pairs are ranked, always the same.
   *
   * @param held pairs that are not learned
   * @param learned pairs of all updates together
   */
  EvaluationPlan ranking(PairRows held, long steps, double learned) {
    int most =
        (int)
            Math.clamp(
                SHARE / RANKING * learned / evaluations(everySteps, steps),
                FEWEST_PAIRS,
                MOST_PAIRS);
    return new EvaluationPlan(rows, masks, everySteps, keepBest, held.some(most));
  }

  private static int answers(TokenisedRows rows, long everySteps, long steps, double tokens) {
    double length = IntStream.range(0, rows.size()).mapToLong(rows::length).average().orElseThrow();
    double each = SHARE / FORWARD * tokens / evaluations(everySteps, steps);
    return (int) Math.clamp(each / COPIES / length, FEWEST_ANSWERS, MOST_ANSWERS);
  }

  private static double evaluations(long everySteps, long steps) {
    return everySteps > 0 ? 1 + Math.ceil(steps / (double) everySteps) : 2;
  }
}
