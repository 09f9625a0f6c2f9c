package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.HdrHistogram.Histogram;

/** Durations, kept to three digits. One thread. */
public final class Distribution {

  private static final int DIGITS = 3;

  private final Histogram micros = new Histogram(DIGITS);

  /** Adds one; what is below 0 counts as 0. */
  public void add(double millis) {
    micros.recordValue(Math.max(0, Math.round(millis * 1000)));
  }

  public boolean isEmpty() {
    return micros.getTotalCount() == 0;
  }

  /** The duration in milliseconds that {@code percent} of all do not exceed. */
  public double percentile(double percent) {
    return micros.getValueAtPercentile(percent) / 1000.0;
  }

  /** Percentiles, mean and the longest, in milliseconds. */
  public void writeTo(ObjectNode node) {
    node.put("p50", percentile(50));
    node.put("p90", percentile(90));
    node.put("p99", percentile(99));
    node.put("mean", Math.round(micros.getMean()) / 1000.0);
    node.put("max", micros.getMaxValue() / 1000.0);
  }
}
