package dev.unmask.sft.training;

import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.Method;
import dev.unmask.model.training.PreferenceLoss;
import dev.unmask.model.training.PreferencePair;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.sft.evaluation.PairRanking;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.PairRows;
import dev.unmask.sft.recipe.Seeds;
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
  public Outcome lossAndGradients(List<BatchStream.Rows> step, long position) {
    List<PreferencePair> all = new ArrayList<>();
    for (BatchStream.Rows rows : step) {
      for (int place : rows.positions()) {
        all.add(pair(pairs, place));
      }
    }
    PreferenceLoss.Value value =
        loss.lossAndGradients(all, 1, Seeds.stream(seed, "preference", position).nextLong());
    return new Outcome(
        new LossValue(value.loss(), value.crossEntropySum(), value.maskedSlots()),
        new PairRanking(all.size(), value.accuracy(), value.margin(), value.preferenceLoss()));
  }

  @Override
  public PairRanking rank(PairRows held, Runnable beforeEach) {
    double right = 0;
    double margin = 0;
    double preference = 0;
    int count = held.size();
    for (int i = 0; i < count; i++) {
      beforeEach.run();
      PreferenceLoss.Value value =
          loss.loss(List.of(pair(held, i)), Seeds.stream(seed, "ranking", i).nextLong());
      right += value.accuracy();
      margin += value.margin();
      preference += value.preferenceLoss();
    }
    return new PairRanking(count, right / count, margin / count, preference / count);
  }

  private static PreferencePair pair(PairRows rows, int place) {
    return new PreferencePair(
        rows.sample(place).ids(), rows.rejected(place).ids(), rows.promptLength(place));
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
