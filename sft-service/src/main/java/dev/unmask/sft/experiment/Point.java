package dev.unmask.sft.experiment;

import java.util.List;

/** A mean and its 95 % interval. */
record Point(double x, double mean, double low, double high) {

  /** Student's quantiles for 2, 3, ... values. */
  private static final double[] QUANTILES = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262
  };

  /** The mean over seeds; its interval is Student's, or nothing for one value. */
  static Point over(double x, List<Double> values) {
    int n = values.size();
    double mean = values.stream().mapToDouble(v -> v).average().orElse(Double.NaN);
    if (n < 2) {
      return new Point(x, mean, mean, mean);
    }
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    double quantile = QUANTILES[Math.min(n - 2, QUANTILES.length - 1)];
    double half = quantile * Math.sqrt(squares / (n - 1) / n);
    return new Point(x, mean, mean - half, mean + half);
  }

  /** A share of right answers with Wilson's interval. */
  static Point share(double x, dev.unmask.sft.tasks.ProbeScore score) {
    return new Point(x, score.accuracy(), score.low(), score.high());
  }
}
