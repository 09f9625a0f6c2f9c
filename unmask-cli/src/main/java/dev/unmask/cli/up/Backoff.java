package dev.unmask.cli.up;

import java.time.Duration;

/**
 * How long to wait before a child that died is started again: doubles with each early death, and
 * starts anew when the child had lived for a while. Not thread-safe.
 */
final class Backoff {

  private final Duration first;
  private final Duration longest;
  private final Duration healthy;
  private Duration next;

  /**
   * @param first wait after the first death
   * @param longest longest wait
   * @param healthy a child that lived this long did not die early
   */
  Backoff(Duration first, Duration longest, Duration healthy) {
    this.first = first;
    this.longest = longest;
    this.healthy = healthy;
    this.next = first;
  }

  /** Half a second, up to half a minute. */
  static Backoff usual() {
    return new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofSeconds(60));
  }

  /** The wait after a child that lived for {@code lifetime}. */
  Duration after(Duration lifetime) {
    if (lifetime.compareTo(healthy) >= 0) {
      next = first;
    }
    Duration wait = next;
    Duration doubled = next.multipliedBy(2);
    next = doubled.compareTo(longest) > 0 ? longest : doubled;
    return wait;
  }
}
