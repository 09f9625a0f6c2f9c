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

  private record Of(String requestId, String tenant) {}

  private record Remembered(String reason, Instant until) {}

  private record Running(String tenant, Consumer<String> onCancel) {}

  private final Clock clock;
  private final Map<Of, Remembered> remembered = new LinkedHashMap<>();
  private final Map<String, List<Running>> running = new HashMap<>();

  public CancelLedger(Clock clock) {
    this.clock = clock;
  }

  /**
   * Takes a cancel.
   *
   * @param tenant whose requests it may end; empty for everybody's
   * @param rememberUntilMs Unix milliseconds; 0 for ten minutes from now
   * @return how many running attempts were told
   */
  public int cancel(String requestId, String tenant, String reason, long rememberUntilMs) {
    Instant now = clock.instant();
    Instant until =
        rememberUntilMs > 0
            ? Instant.ofEpochMilli(rememberUntilMs)
            : now.plusSeconds(DEFAULT_SECONDS);
    List<Running> told;
    synchronized (this) {
      forgetOld(now);
      if (until.isAfter(now)) {
        remembered.put(new Of(requestId, tenant), new Remembered(reason, until));
      }
      told =
          running.getOrDefault(requestId, List.of()).stream()
              .filter(run -> counts(tenant, run.tenant()))
              .toList();
    }
    told.forEach(run -> run.onCancel().accept(reason));
    return told.size();
  }

  private static boolean counts(String cancels, String owner) {
    return cancels.isEmpty() || cancels.equals(owner);
  }

  /** Registers a run and returns the reason of a cancel that came before it, if one did. */
  synchronized Optional<String> register(
      String requestId, String tenant, Consumer<String> onCancel) {
    running.computeIfAbsent(requestId, id -> new ArrayList<>()).add(new Running(tenant, onCancel));
    return Optional.ofNullable(remembered.get(new Of(requestId, "")))
        .or(() -> Optional.ofNullable(remembered.get(new Of(requestId, tenant))))
        .filter(cancel -> cancel.until().isAfter(clock.instant()))
        .map(Remembered::reason);
  }

  /** Forgets a run; its cancel stays remembered, because the request may be delivered again. */
  synchronized void unregister(String requestId, Consumer<String> onCancel) {
    running.computeIfPresent(
        requestId,
        (id, runs) -> {
          runs.stream()
              .filter(run -> run.onCancel().equals(onCancel))
              .findFirst()
              .ifPresent(runs::remove);
          return runs.isEmpty() ? null : runs;
        });
  }

  private void forgetOld(Instant now) {
    if (remembered.size() >= MOST_REMEMBERED) {
      remembered.values().removeIf(cancel -> !cancel.until().isAfter(now));
    }
    Iterator<Of> oldest = remembered.keySet().iterator();
    while (remembered.size() >= MOST_REMEMBERED && oldest.hasNext()) {
      oldest.next();
      oldest.remove();
    }
  }
}
