package dev.unmask.cli.bench.serve;

import java.util.Random;

/** When the requests of an open loop are to be sent. */
final class Arrivals {

  private Arrivals() {}

  /**
   * A Poisson process: the gaps between requests are exponential and independent, as if many
   * callers knew nothing of each other.
   *
   * @param perSecond requests a second, on average
   * @param seed the same seed gives the same times
   * @return {@code count} times in nanoseconds from the start, in order, the first one at 0
   */
  static long[] poisson(double perSecond, int count, long seed) {
    Random random = new Random(seed);
    long[] times = new long[count];
    double at = 0;
    for (int i = 1; i < count; i++) {
      at += gap(random.nextDouble(), perSecond);
      times[i] = Math.round(at);
    }
    return times;
  }

  /**
   * The exponential gap in nanoseconds at which the share {@code u} of all gaps is not longer.
   *
   * @param u from 0 to 1, without 1
   */
  static double gap(double u, double perSecond) {
    return -Math.log1p(-u) / perSecond * 1e9;
  }
}
