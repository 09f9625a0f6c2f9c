package dev.unmask.model.training;

import dev.unmask.model.transformer.WeightTable.Role;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * LLaDA's initialisation ("mitchell" in its config): normal values cut off at three deviations, the
 * deviation being one over the root of the input width; the two matrices of a block that write to
 * the residual stream are smaller by {@code sqrt(2 * (layer + 1))}. Norms begin at one, biases at
 * zero.
 */
final class InitialWeights {

  private static final double CUT_OFF = 3;

  private InitialWeights() {}

  /** The values of weight {@code index} of the table; they depend on the seed only. */
  static float[] of(int index, Weight weight, long seed) {
    long[] shape = weight.dimensions();
    float[] values =
        new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
    if (weight.isNorm()) {
      Arrays.fill(values, 1f);
      return values;
    }
    if (weight.role().isBias()) {
      return values;
    }
    double deviation = 1 / Math.sqrt((double) shape[1]);
    if (weight.role() == Role.ATTENTION_OUT || weight.role() == Role.DOWN) {
      deviation /= Math.sqrt(2.0 * (weight.layer() + 1));
    }
    // The generators of neighbouring seeds are unrelated: SplittableRandom mixes its seed.
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + index);
    for (int i = 0; i < values.length; i++) {
      double x = random.nextGaussian();
      while (Math.abs(x) > CUT_OFF) {
        x = random.nextGaussian();
      }
      values[i] = (float) (x * deviation);
    }
    return values;
  }
}
