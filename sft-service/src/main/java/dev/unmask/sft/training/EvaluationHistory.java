package dev.unmask.sft.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.sft.evaluation.DiffusionLoss;
import java.util.Map;

/**
 * What a run remembers of its evaluations, also after a restart.
 *
 * @param last step of the last one; -1 before the first
 * @param before the bound at step 0; not a number when it was not judged
 * @param best step of the lowest bound, from 1; 0 when there is none
 * @param bestBound at that step; infinite when there is none
 * @param bestError standard error of that bound; not a number when there is none
 */
public record EvaluationHistory(
    long last, double before, long best, double bestBound, double bestError) {

  static final EvaluationHistory NONE =
      new EvaluationHistory(-1, Double.NaN, 0, Double.POSITIVE_INFINITY, Double.NaN);

  private static final String LAST = "run.evaluated";
  private static final String BEST = "run.best_step";
  private static final String BOUND = "run.best_bound";
  private static final String ERROR = "run.best_error";
  private static final String BEFORE = "run.bound_before";

  /** The model that a run begins with is never its best: it would be no result. */
  boolean isBest(long step, double bound) {
    return step > 0 && bound < bestBound;
  }

  /**
   * With one more evaluation.
   *
   * @param mayBeBest whether the best weights of the run are kept at all
   */
  EvaluationHistory with(long step, DiffusionLoss loss, boolean mayBeBest) {
    double bound = loss.boundPerAnswerToken();
    double first = step == 0 ? bound : before;
    return mayBeBest && isBest(step, bound)
        ? new EvaluationHistory(step, first, step, bound, loss.standardError())
        : new EvaluationHistory(step, first, best, bestBound, bestError);
  }

  Map<String, String> toFacts() {
    return Map.of(
        LAST, Long.toString(last),
        BEFORE, Double.toString(before),
        BEST, Long.toString(best),
        BOUND, Double.toString(bestBound),
        ERROR, Double.toString(bestError));
  }

  static EvaluationHistory of(Map<String, String> facts) throws InvalidModelException {
    try {
      return new EvaluationHistory(
          Long.parseLong(facts.getOrDefault(LAST, Long.toString(NONE.last()))),
          number(facts, BEFORE, NONE.before()),
          Long.parseLong(facts.getOrDefault(BEST, Long.toString(NONE.best()))),
          number(facts, BOUND, NONE.bestBound()),
          number(facts, ERROR, NONE.bestError()));
    } catch (NumberFormatException e) {
      throw new InvalidModelException("the training state has damaged evaluations", e);
    }
  }

  private static double number(Map<String, String> facts, String name, double otherwise) {
    return Double.parseDouble(facts.getOrDefault(name, Double.toString(otherwise)));
  }
}
