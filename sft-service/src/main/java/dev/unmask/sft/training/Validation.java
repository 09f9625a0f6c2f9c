package dev.unmask.sft.training;

import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.NoiseDraws;
import dev.unmask.sft.recipe.TokenisedRows;
import java.util.List;

/**
 * The loss on samples that are not trained on, always with the same noise, so that two values of
 * one run can be compared.
 *
 * @param crossEntropy unweighted, per masked token
 * @param boundPerToken LLaDA's objective: an estimate of the bound on the negative log-likelihood
 *     for each answer token
 */
public record Validation(double crossEntropy, double boundPerToken) {

  private static final long SEED = 20_250_214;

  /** Judges the model on samples, padded with as little EOS as batching needs. */
  public static Validation of(TrainableModel model, TokenisedRows samples, BatchPlan.Shape shape) {
    BatchPlan.Shape tight =
        new BatchPlan.Shape(shape.tokens(), shape.maxRows(), shape.context(), 0, shape.packing());
    BatchStream batches = new BatchStream(epoch -> samples, tight, SEED, 0, 0);
    Noise noise = new Noise(SEED, NoiseDraws.STRATIFIED, LossWeight.INVERSE_T);
    double sum = 0;
    double bound = 0;
    long slots = 0;
    int rows = 0;
    for (int i = 0; rows < samples.size(); i++) {
      BatchStream.Rows batch = batches.next();
      LossValue value =
          model.loss(
              noise
                  .mask(
                      List.of(batch),
                      model.config().tokens().mask(),
                      model.config().tokens().eos(),
                      i)
                  .getFirst());
      sum += value.crossEntropySum();
      slots += value.maskedSlots();
      bound += value.loss() * batch.samples().size();
      rows += batch.samples().size();
    }
    return new Validation(slots == 0 ? 0 : sum / slots, bound / rows);
  }
}
