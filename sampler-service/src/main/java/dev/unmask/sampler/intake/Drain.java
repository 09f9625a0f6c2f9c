package dev.unmask.sampler.intake;

import java.time.Instant;

/** Whether the worker takes new requests, and until when running ones may go on. Thread-safe. */
final class Drain {

  private volatile Instant end = Instant.MAX;

  /** From now on nothing new is taken; what runs at {@code until} is given back. */
  void begin(Instant until) {
    end = until;
  }

  boolean begun() {
    return !end.equals(Instant.MAX);
  }

  /** When running requests are given back; {@link Instant#MAX} while nothing drains. */
  Instant end() {
    return end;
  }
}
