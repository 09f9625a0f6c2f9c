package dev.unmask.sft.training;

/** Time of a run, that of earlier processes included, and its speed over the last steps. */
final class Stopwatch {

  private static final int WINDOW = 20;

  private final long started = System.nanoTime();
  private final double before;
  private final long[] times = new long[WINDOW];
  private final long[] tokens = new long[WINDOW];
  private int count;

  Stopwatch(TrainingPosition from) {
    this.before = from.seconds();
    times[0] = started;
    tokens[0] = from.tokens();
    count = 1;
  }

  double seconds() {
    return before + (System.nanoTime() - started) / 1e9;
  }

  double tokensPerSecond(long tokensNow) {
    long now = System.nanoTime();
    int oldest = count < WINDOW ? 0 : count % WINDOW;
    double rate = (tokensNow - tokens[oldest]) * 1e9 / (now - times[oldest]);
    times[count % WINDOW] = now;
    tokens[count % WINDOW] = tokensNow;
    count++;
    return rate;
  }
}
