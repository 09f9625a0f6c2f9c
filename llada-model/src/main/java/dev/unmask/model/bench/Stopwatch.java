package dev.unmask.model.bench;

/** The best time of something, over rounds that take turns with other things. */
final class Stopwatch {

  /** Short things run again within a round until this much time is spent. */
  private static final long LEAST_NANOS = 60_000_000;

  private static final int MOST_RUNS = 20;

  private double best = Double.POSITIVE_INFINITY;

  /** One round. */
  void time(Runnable work) {
    long spent = 0;
    for (int i = 0; i < MOST_RUNS && (i == 0 || spent < LEAST_NANOS); i++) {
      long start = ThreadClock.nanos();
      work.run();
      long took = ThreadClock.nanos() - start;
      spent += took;
      add(took / 1e9);
    }
  }

  /** A time that was taken elsewhere. */
  void add(double seconds) {
    best = Math.min(best, seconds);
  }

  /** Forgets all rounds so far. */
  void forget() {
    best = Double.POSITIVE_INFINITY;
  }

  /** Seconds; infinite before the first round. */
  double best() {
    return best;
  }
}
