package dev.unmask.sft.training;

import dev.unmask.model.InvalidModelException;
import java.util.Map;

/**
 * How far a run is. With the weights, the moments and the recipe's seed this is all that a run
 * needs to go on.
 *
 * @param step updates made
 * @param epoch the pass of the next batch
 * @param batch batches of that pass already used
 * @param tokens tokens computed, padding included
 * @param seconds time spent, over all processes that worked on the run
 * @param smoothedLoss the running mean that is reported; 0 before the first step
 */
public record TrainingPosition(
    long step, long epoch, int batch, long tokens, double seconds, double smoothedLoss) {

  /** Before the first step. */
  public static final TrainingPosition START = new TrainingPosition(0, 0, 0, 0, 0, 0);

  Map<String, String> toFacts() {
    return Map.of(
        "run.step", Long.toString(step),
        "run.epoch", Long.toString(epoch),
        "run.batch", Integer.toString(batch),
        "run.tokens", Long.toString(tokens),
        "run.seconds", Double.toString(seconds),
        "run.smoothed_loss", Double.toString(smoothedLoss));
  }

  static TrainingPosition of(Map<String, String> facts) throws InvalidModelException {
    try {
      return new TrainingPosition(
          Long.parseLong(fact(facts, "run.step")),
          Long.parseLong(fact(facts, "run.epoch")),
          Integer.parseInt(fact(facts, "run.batch")),
          Long.parseLong(fact(facts, "run.tokens")),
          Double.parseDouble(fact(facts, "run.seconds")),
          Double.parseDouble(fact(facts, "run.smoothed_loss")));
    } catch (NumberFormatException e) {
      throw new InvalidModelException("the training state has a damaged position", e);
    }
  }

  private static String fact(Map<String, String> facts, String name) throws InvalidModelException {
    String value = facts.get(name);
    if (value == null) {
      throw new InvalidModelException("the training state has no " + name);
    }
    return value;
  }
}
