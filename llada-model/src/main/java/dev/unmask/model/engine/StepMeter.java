package dev.unmask.model.engine;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Running means of an engine's steps. Written by the engine thread alone, read by any.
 *
 * <p>Operations a millisecond are a mean over steps of any make, so that what waits can be turned
 * into time.
 */
final class StepMeter {

  /** Weight of the newest step. */
  private static final double NEWEST = 0.1;

  private final AtomicLong steps = new AtomicLong();
  private volatile double meanMillis;
  private volatile double flopsPerMilli;
  private volatile int tasks;
  private volatile double flopsLeft;
  private volatile boolean full;

  /** A step took so long and did so much. */
  void stepped(double millis, double flops) {
    double rate = flops / Math.max(millis, 1e-3);
    boolean first = steps.getAndIncrement() == 0;
    meanMillis = first ? millis : meanMillis + NEWEST * (millis - meanMillis);
    flopsPerMilli = first ? rate : flopsPerMilli + NEWEST * (rate - flopsPerMilli);
  }

  /**
   * So many tasks take part, everyone who runs or waits needs so much more, and somebody was left
   * {@code out} for want of room.
   */
  void left(int running, double flops, boolean out) {
    tasks = running;
    flopsLeft = flops;
    full = out;
  }

  boolean full() {
    return full;
  }

  long steps() {
    return steps.get();
  }

  double meanMillis() {
    return meanMillis;
  }

  /** The load, when {@code submitted} tasks have not ended. */
  EngineLoad load(int submitted) {
    double rate = flopsPerMilli;
    int running = Math.min(tasks, submitted);
    return new EngineLoad(
        running,
        submitted - running,
        submitted == 0 || rate == 0 ? 0 : (long) Math.ceil(flopsLeft / rate));
  }
}
