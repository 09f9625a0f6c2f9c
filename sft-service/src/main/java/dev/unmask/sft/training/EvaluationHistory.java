package dev.unmask.sft.training;

import dev.unmask.model.InvalidModelException;
import java.util.Map;

/**
 * What a run remembers of its evaluations.
 *
 * @param last step of the last one; -1 before the first
 * @param best step of the lowest bound, from 1; 0 when there is none
 * @param bestBound at that step; infinite when there is none
 */
record EvaluationHistory(long last, long best, double bestBound) {

  static final EvaluationHistory NONE = new EvaluationHistory(-1, 0, Double.POSITIVE_INFINITY);

  private static final String LAST = "run.evaluated";
  private static final String BEST = "run.best_step";
  private static final String BOUND = "run.best_bound";

  /** The model that a run begins with is never its best: it would be no result. */
  boolean isBest(long step, double bound) {
    return step > 0 && bound < bestBound;
  }

  EvaluationHistory with(long step, double bound) {
    return isBest(step, bound)
        ? new EvaluationHistory(step, step, bound)
        : new EvaluationHistory(step, best, bestBound);
  }

  Map<String, String> toFacts() {
    return Map.of(
        LAST, Long.toString(last), BEST, Long.toString(best), BOUND, Double.toString(bestBound));
  }

  static EvaluationHistory of(Map<String, String> facts) throws InvalidModelException {
    try {
      return new EvaluationHistory(
          Long.parseLong(facts.getOrDefault(LAST, Long.toString(NONE.last()))),
          Long.parseLong(facts.getOrDefault(BEST, Long.toString(NONE.best()))),
          Double.parseDouble(facts.getOrDefault(BOUND, Double.toString(NONE.bestBound()))));
    } catch (NumberFormatException e) {
      throw new InvalidModelException("the training state has damaged evaluations", e);
    }
  }
}
