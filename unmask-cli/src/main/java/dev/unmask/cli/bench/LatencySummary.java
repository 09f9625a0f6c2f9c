package dev.unmask.cli.bench;

import java.util.Arrays;
import java.util.List;

/**
 * Latencies in milliseconds.
 *
 * @param p50 half of the calls were at most this long
 * @param p90 nine of ten
 * @param p99 ninety-nine of a hundred
 * @param mean the mean
 * @param max the longest
 */
record LatencySummary(double p50, double p90, double p99, double mean, double max) {

  /** Percentiles are the nearest rank: always a latency that was measured. */
  static LatencySummary of(List<Double> millis) {
    if (millis.isEmpty()) {
      return new LatencySummary(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }
    double[] sorted = millis.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return new LatencySummary(
        rank(sorted, 0.50),
        rank(sorted, 0.90),
        rank(sorted, 0.99),
        Arrays.stream(sorted).average().orElse(Double.NaN),
        sorted[sorted.length - 1]);
  }

  private static double rank(double[] sorted, double share) {
    int rank = (int) Math.ceil(share * sorted.length);
    return sorted[Math.clamp(rank - 1, 0, sorted.length - 1)];
  }
}
