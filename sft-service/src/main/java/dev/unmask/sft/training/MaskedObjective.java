package dev.unmask.sft.training;

import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.Seeds;
import java.util.List;
import java.util.SplittableRandom;

/**
 * LLaDA's objective: masked tokens are predicted from those that are left.
 *
 * @param seed of dropout
 */
record MaskedObjective(TrainableModel model, Noise noise, long seed) implements Objective {

  @Override
  public Outcome lossAndGradients(List<BatchStream.Rows> step, long position) {
    double loss = 0;
    double crossEntropy = 0;
    int slots = 0;
    int mask = model.config().tokens().mask();
    int eos = model.config().tokens().eos();
    SplittableRandom dropout = Seeds.stream(seed, "dropout", position);
    for (MaskedBatch batch : noise.mask(step, mask, eos, position)) {
      LossValue value = model.lossAndGradients(batch, dropout.nextLong());
      loss += value.loss();
      crossEntropy += value.crossEntropySum();
      slots += value.maskedSlots();
    }
    return new Outcome(new LossValue(loss, crossEntropy, slots), null);
  }

  @Override
  public long tokens(List<BatchStream.Rows> step) {
    return step.stream().mapToLong(BatchStream.Rows::tokens).sum();
  }

  @Override
  public void close() {}
}
