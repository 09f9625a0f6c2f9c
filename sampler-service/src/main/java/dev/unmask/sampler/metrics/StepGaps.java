package dev.unmask.sampler.metrics;

import java.time.Duration;

/**
 * The longest time between two steps of an engine that had something to do, and the longest step,
 * since somebody last asked to begin anew. What a reload costs those who wait. Thread-safe.
 */
public final class StepGaps {

  private boolean busy;
  private long lastEnd;
  private long longestGap;
  private long longestStep;

  /**
   * A step has ended.
   *
   * @param now {@link System#nanoTime}
   * @param goesOn whether something is left to do, so that the next step should follow at once
   */
  public synchronized void stepped(Duration took, long now, boolean goesOn) {
    if (busy) {
      longestGap = Math.max(longestGap, now - took.toNanos() - lastEnd);
    }
    longestStep = Math.max(longestStep, took.toNanos());
    lastEnd = now;
    busy = goesOn;
  }

  /** Forgets what was longest. */
  public synchronized void beginAnew() {
    longestGap = 0;
    longestStep = 0;
  }

  /** Milliseconds. */
  public synchronized double longestGap() {
    return longestGap / 1e6;
  }

  /** Milliseconds. */
  public synchronized double longestStep() {
    return longestStep / 1e6;
  }
}
