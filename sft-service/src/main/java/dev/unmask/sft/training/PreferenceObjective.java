package dev.unmask.sft.training;

import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.Method;
import dev.unmask.model.training.PreferenceLoss;
import dev.unmask.model.training.PreferencePair;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.PairRows;
import dev.unmask.sft.recipe.Seeds;
import dev.unmask.sft.recipe.TrainingSample;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * VRPO (LLaDA 1.5, arXiv 2505.19223): the bound of the better answer is to rise over that of the
 * worse one, compared with the model that the run began with. Answers are not padded: EOS after
 * them is no part of this loss, as in the paper.
 */
final class PreferenceObjective implements Objective {

  private final PairRows pairs;
  private final PreferenceLoss loss;
  private final Method.Preference method;
  private final @Nullable TrainableModel reference;
  private final long seed;

  /**
   * Takes the model as the policy.
   *
   * @param reference the model that the run began with; null where adapters learn and the policy
   *     holds it as its base. Closed with this.
   */
  PreferenceObjective(
      TrainableModel policy,
      Method.Preference method,
      @Nullable TrainableModel reference,
      PairRows pairs,
      long seed) {
    this.pairs = pairs;
    this.method = method;
    this.reference = reference;
    this.seed = seed;
    this.loss =
        reference == null
            ? new PreferenceLoss(policy)
            : new PreferenceLoss(policy, reference::loss);
  }

  @Override
  public LossValue lossAndGradients(List<BatchStream.Rows> step, long position) {
    List<PreferencePair> all = new ArrayList<>();
    for (BatchStream.Rows rows : step) {
      for (int place : rows.positions()) {
        TrainingSample chosen = pairs.sample(place);
        all.add(
            new PreferencePair(chosen.ids(), pairs.rejected(place).ids(), chosen.promptLength()));
      }
    }
    PreferenceLoss.Value value =
        loss.lossAndGradients(all, 1, Seeds.stream(seed, "preference", position).nextLong());
    return new LossValue(value.loss(), value.crossEntropySum(), value.maskedSlots());
  }

  @Override
  public long tokens(List<BatchStream.Rows> step) {
    long tokens = 0;
    for (BatchStream.Rows rows : step) {
      for (int place : rows.positions()) {
        tokens +=
            (long) method.samples()
                * (pairs.sample(place).length() + pairs.rejected(place).length());
      }
    }
    return tokens;
  }

  @Override
  public void close() {
    if (reference != null) {
      reference.close();
    }
  }
}
