package dev.unmask.sampler.intake;

import java.time.Instant;
import java.util.concurrent.CountDownLatch;

/**
 * Whether the worker takes requests: closed at first, then open, then draining. Slots join their
 * share group while it is closed, because joining takes seconds. Thread-safe.
 */
final class Gate {

  private final CountDownLatch opened = new CountDownLatch(1);
  private volatile Instant end = Instant.MAX;

  /** From now on requests are taken. */
  void open() {
    opened.countDown();
  }

  /** From now on nothing new is taken; what runs at {@code until} is given back. */
  void drain(Instant until) {
    end = until;
    opened.countDown();
  }

  boolean draining() {
    return !end.equals(Instant.MAX);
  }

  /** When running requests are given back; {@link Instant#MAX} while nothing drains. */
  Instant end() {
    return end;
  }

  /** Waits until requests are taken or the worker drains. */
  void awaitOpen() throws InterruptedException {
    opened.await();
  }
}
