package dev.unmask.model.sampling;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** Dream's schedule: times go down evenly from 1 to 0.001, and a step from t to s takes 1 - s/t. */
final class Timesteps {

  private static final float LAST_TIME = 1e-3f;

  private Timesteps() {}

  /**
   * The part of the masked slots that a step commits. In float32 and in libtorch's order of
   * operations, because the reference cuts the product with a slot count to a whole number.
   */
  static float share(int step, int steps) {
    return step == steps - 1 ? 1 : 1 - time(step + 1, steps) / time(step, steps);
  }

  /** Element {@code i} of torch.linspace(1, 0.001, steps + 1). */
  private static float time(int i, int steps) {
    float stride = (LAST_TIME - 1f) / steps;
    return i < (steps + 1) / 2 ? 1f + stride * i : LAST_TIME - stride * (steps - i);
  }

  /** Each slot by itself; known before the forward pass, which predicts no others. */
  record Independent(int steps) implements CommitRule {
    @Override
    public int[] ask(int step, int[] masked, IntToDoubleFunction uniform) {
      float share = share(step, steps);
      return Arrays.stream(masked).filter(p -> uniform.applyAsDouble(p) < share).toArray();
    }

    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      return IntStream.range(0, asked.length).toArray();
    }
  }

  /**
   * The best of the masked slots, or some drawn in proportion to exp(score / temperature) without
   * replacement: adding Gumbel noise and taking the highest is the same as drawing one by one.
   */
  record Ranked(int steps, double drawTemperature) implements CommitRule {

    /** Commits of a step that finds {@code masked} slots. */
    int count(int step, int masked) {
      return (int) (masked * share(step, steps));
    }

    @Override
    public int[] ask(int step, int[] masked, IntToDoubleFunction uniform) {
      return count(step, masked.length) == 0 ? new int[0] : masked;
    }

    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      double[] order = scores.clone();
      if (drawTemperature > 0) {
        for (int i = 0; i < order.length; i++) {
          order[i] =
              scores[i] / drawTemperature - Math.log(-Math.log(uniform.applyAsDouble(asked[i])));
        }
      }
      return CommitRule.highest(count(step, asked.length), order);
    }
  }
}
