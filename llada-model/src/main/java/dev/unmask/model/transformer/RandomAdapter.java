package dev.unmask.model.transformer;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.WeightTable.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;

/** Adapters with random numbers, for benchmarks and tests. */
public final class RandomAdapter {

  private RandomAdapter() {}

  /**
   * Factors beside every matrix of some kinds, in every layer. A has the deviation {@code 1 /
   * sqrt(in)} and B {@code gain / sqrt(rank)}, so that what is added to an output near one is near
   * {@code gain}.
   */
  public static List<LowRankAdapter.Factors> factors(
      ModelConfig config, Collection<Role> roles, int rank, double gain, long seed) {
    Random random = new Random(seed);
    List<LowRankAdapter.Factors> factors = new ArrayList<>();
    for (WeightTable.Weight weight : WeightTable.of(config)) {
      if (weight.isBlockMatrix() && roles.contains(weight.role())) {
        int out = Math.toIntExact(weight.shape().get(0));
        int in = Math.toIntExact(weight.shape().get(1));
        factors.add(
            new LowRankAdapter.Factors(
                weight.layer(),
                weight.role(),
                rank,
                normal(random, rank * in, 1 / Math.sqrt(in)),
                normal(random, out * rank, gain / Math.sqrt(rank))));
      }
    }
    return factors;
  }

  /** Virtual tokens whose numbers are like those of {@link RandomModel}'s embedding. */
  public static float[] prompt(ModelConfig config, int count, double gain, long seed) {
    return normal(
        new Random(seed), count * config.width(), gain / Math.sqrt((double) config.width()));
  }

  private static float[] normal(Random random, int count, double deviation) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
