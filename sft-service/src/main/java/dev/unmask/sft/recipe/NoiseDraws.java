package dev.unmask.sft.recipe;

import java.util.SplittableRandom;

/**
 * How the masking times of the rows of an optimizer step are drawn. Each row's time is uniform on
 * (0, 1) in every way, so the expected loss is the same; what differs is its variance.
 */
public enum NoiseDraws {
  /** Each row by itself, as LLaDA's GUIDELINES.md has it. */
  INDEPENDENT {
    @Override
    public double[] times(int rows, SplittableRandom random) {
      double[] times = new double[rows];
      for (int r = 0; r < rows; r++) {
        times[r] = random.nextDouble();
      }
      return times;
    }
  },

  /** One offset for all rows, which stand evenly on the circle from there. */
  STRATIFIED {
    @Override
    public double[] times(int rows, SplittableRandom random) {
      double offset = random.nextDouble();
      double[] times = new double[rows];
      for (int r = 0; r < rows; r++) {
        times[r] = (offset + r) / rows;
      }
      // Rows of a batch are sorted by length; without this the longest would always get the largest
      // time.
      for (int i = rows - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        double swap = times[i];
        times[i] = times[j];
        times[j] = swap;
      }
      return times;
    }
  },

  /** In pairs t and 1 - t; the last of an odd number by itself. */
  ANTITHETIC {
    @Override
    public double[] times(int rows, SplittableRandom random) {
      double[] times = new double[rows];
      for (int r = 0; r < rows; r++) {
        times[r] = r % 2 == 0 ? random.nextDouble() : 1 - times[r - 1];
      }
      return times;
    }
  };

  /** A time for each row. */
  public abstract double[] times(int rows, SplittableRandom random);
}
