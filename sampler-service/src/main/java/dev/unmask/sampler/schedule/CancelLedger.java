package dev.unmask.sampler.schedule;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Cancels of requests, whichever comes first: the cancel or the request. A cancel stops the runs of
 * its request that are registered here, and is remembered for those that come later.
 *
 * <p>Thread-safe. Callbacks run on the thread that reports the cancel and must not block.
 */
public final class CancelLedger {

  /** Cancels remembered at most; beyond it the oldest one is forgotten. */
  static final int MOST_REMEMBERED = 100_000;

  /** How long a cancel without a time is remembered. */
  static final long DEFAULT_SECONDS = 600;

  private record Remembered(String reason, Instant until) {}

  private final Clock clock;
  private final Map<String, Remembered> remembered = new LinkedHashMap<>();
  private final Map<String, List<Consumer<String>>> running = new HashMap<>();

  public CancelLedger(Clock clock) {
    this.clock = clock;
  }

  /**
   * Takes a cancel.
   *
   * @param rememberUntilMs Unix milliseconds; 0 for ten minutes from now
   * @return how many running attempts were told
   */
  public int cancel(String requestId, String reason, long rememberUntilMs) {
    Instant now = clock.instant();
    Instant until =
        rememberUntilMs > 0
            ? Instant.ofEpochMilli(rememberUntilMs)
            : now.plusSeconds(DEFAULT_SECONDS);
    List<Consumer<String>> told;
    synchronized (this) {
      forgetOld(now);
      if (until.isAfter(now)) {
        remembered.put(requestId, new Remembered(reason, until));
      }
      told = List.copyOf(running.getOrDefault(requestId, List.of()));
    }
    told.forEach(run -> run.accept(reason));
    return told.size();
  }

  /** Registers a run and returns the reason of a cancel that came before it, if one did. */
  synchronized Optional<String> register(String requestId, Consumer<String> onCancel) {
    running.computeIfAbsent(requestId, id -> new ArrayList<>()).add(onCancel);
    return Optional.ofNullable(remembered.get(requestId))
        .filter(cancel -> cancel.until().isAfter(clock.instant()))
        .map(Remembered::reason);
  }

  /** Forgets a run; its cancel stays remembered, because the request may be delivered again. */
  synchronized void unregister(String requestId, Consumer<String> onCancel) {
    running.computeIfPresent(
        requestId,
        (id, runs) -> {
          runs.remove(onCancel);
          return runs.isEmpty() ? null : runs;
        });
  }

  private void forgetOld(Instant now) {
    if (remembered.size() >= MOST_REMEMBERED) {
      remembered.values().removeIf(cancel -> !cancel.until().isAfter(now));
    }
    Iterator<String> oldest = remembered.keySet().iterator();
    while (remembered.size() >= MOST_REMEMBERED && oldest.hasNext()) {
      oldest.next();
      oldest.remove();
    }
  }
}
