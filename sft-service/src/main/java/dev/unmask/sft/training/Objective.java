package dev.unmask.sft.training;

import dev.unmask.model.training.LossValue;
import dev.unmask.sft.evaluation.PairRanking;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.PairRows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a run makes smaller. Same thread as its model. */
interface Objective extends AutoCloseable {

  /**
   * What the batches of an update gave.
   *
   * @param ranking of their pairs; null where answers are learned one by one
   */
  record Outcome(LossValue loss, @Nullable PairRanking ranking) {}

  /**
   * Adds the gradients of one update to those that are there.
   *
   * @param step the batches of the update
   * @param position updates made before; names all that is drawn
   */
  Outcome lossAndGradients(List<BatchStream.Rows> step, long position);

  /** Tokens that the network sees for these batches, once each. */
  long tokens(List<BatchStream.Rows> step);

  /**
   * Ranks pairs that are not learned, always with the same noise. Null where answers are learned
   * one by one.
   *
   * @param beforeEach runs before each pair; what it throws ends the ranking
   */
  default @Nullable PairRanking rank(PairRows pairs, Runnable beforeEach) {
    return null;
  }

  @Override
  void close();
}
