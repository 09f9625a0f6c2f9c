package dev.unmask.e2e.deploy;

import java.time.Duration;

/** Durations as settings have them. */
final class Durations {

  private Durations() {}

  /** Whole seconds of an ISO duration, such as PT2M. */
  static long seconds(String text) {
    return Duration.parse(text).toSeconds();
  }
}
