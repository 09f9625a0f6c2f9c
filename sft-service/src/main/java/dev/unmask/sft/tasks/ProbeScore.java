package dev.unmask.sft.tasks;

import java.util.Collection;

/**
 * A share of right answers.
 *
 * @param right answers that were accepted
 * @param asked questions
 */
public record ProbeScore(int right, int asked) {

  /** The 95 % quantile of the normal distribution, both sides. */
  private static final double Z = 1.96;

  /** Counts verdicts. */
  public static ProbeScore of(Collection<Boolean> verdicts) {
    return new ProbeScore((int) verdicts.stream().filter(v -> v).count(), verdicts.size());
  }

  /** Share of right answers; 0 when nothing was asked. */
  public double accuracy() {
    return asked == 0 ? 0 : (double) right / asked;
  }

  /** Standard error of {@link #accuracy}, by the binomial. */
  public double standardError() {
    return asked == 0 ? 0 : Math.sqrt(accuracy() * (1 - accuracy()) / asked);
  }

  /** Lower end of Wilson's 95 % interval: honest for small counts and shares near 0 or 1. */
  public double low() {
    return centre() - half();
  }

  /** Upper end of Wilson's 95 % interval. */
  public double high() {
    return centre() + half();
  }

  private double centre() {
    double n = Math.max(1, asked);
    return (accuracy() + Z * Z / (2 * n)) / (1 + Z * Z / n);
  }

  private double half() {
    double n = Math.max(1, asked);
    double p = accuracy();
    return Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n);
  }
}
