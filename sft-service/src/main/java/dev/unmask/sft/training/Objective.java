package dev.unmask.sft.training;

import dev.unmask.model.training.LossValue;
import dev.unmask.sft.recipe.BatchStream;
import java.util.List;

/** What a run makes smaller. Same thread as its model. */
interface Objective extends AutoCloseable {

  /**
   * Adds the gradients of one update to those that are there.
   *
   * @param step the batches of the update
   * @param position updates made before; names all that is drawn
   */
  LossValue lossAndGradients(List<BatchStream.Rows> step, long position);

  /** Tokens that the network sees for these batches, once each. */
  long tokens(List<BatchStream.Rows> step);

  @Override
  void close();
}
