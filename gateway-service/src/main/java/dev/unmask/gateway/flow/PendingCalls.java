package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.admission.QueueAhead;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Who waits for which request. A call is in here before its request is produced. Any thread. */
public final class PendingCalls {

  /**
   * How long a call that has ended may still have its record on the topic: a sampler finishes with
   * the record after it has sent the answer, or after it has heard that nobody waits.
   */
  private static final Duration LEAVING = Duration.ofSeconds(2);

  private record Ended(String base, long nanos) {}

  private final int limit;
  private final LongSupplier clock;
  private final ConcurrentLinkedDeque<Ended> ended = new ConcurrentLinkedDeque<>();
  private final ConcurrentHashMap<String, GenerationCall> calls = new ConcurrentHashMap<>();
  private final AtomicInteger taken = new AtomicInteger();

  /**
   * @param limit calls that may wait at the same time
   */
  public PendingCalls(int limit) {
    this(limit, System::nanoTime);
  }

  PendingCalls(int limit, LongSupplier clock) {
    this.limit = limit;
    this.clock = clock;
  }

  /** Adds {@code call}; false when as many as allowed are waiting. */
  boolean register(GenerationCall call) {
    if (taken.incrementAndGet() > limit) {
      taken.decrementAndGet();
      return false;
    }
    calls.put(call.requestId(), call);
    return true;
  }

  void remove(String requestId) {
    GenerationCall call = calls.remove(requestId);
    if (call == null) {
      return;
    }
    long now = clock.getAsLong();
    ended.addLast(new Ended(call.model().base(), now));
    forgetEnded(now);
    if (taken.decrementAndGet() == 0) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  private void forgetEnded(long now) {
    Ended first = ended.peekFirst();
    while (first != null && now - first.nanos() > LEAVING.toNanos()) {
      ended.removeFirstOccurrence(first);
      first = ended.peekFirst();
    }
  }

  /** The call that waits for {@code requestId}, if it still does. */
  public Optional<GenerationCall> find(String requestId) {
    return Optional.ofNullable(calls.get(requestId));
  }

  /** What this gateway waits for at {@code base}, {@code except} left out. */
  QueueAhead ahead(String base, @Nullable GenerationCall except) {
    int waiting = 0;
    int running = 0;
    long waitingSteps = 0;
    long runningSteps = 0;
    for (GenerationCall call : calls.values()) {
      if (call == except || !call.model().base().equals(base)) {
        continue;
      }
      if (call.begun()) {
        running++;
        runningSteps += call.steps();
      } else {
        waiting++;
        waitingSteps += call.steps();
      }
    }
    return new QueueAhead(waiting, waitingSteps, running, runningSteps);
  }

  /**
   * How many records on the topic of {@code base} may be this gateway's: the calls it waits for and
   * those that ended so lately that their records may still be there. Any thread.
   */
  public long onTopic(String base) {
    forgetEnded(clock.getAsLong());
    return calls.values().stream().filter(call -> call.model().base().equals(base)).count()
        + ended.stream().filter(call -> call.base().equals(base)).count();
  }

  public int size() {
    return taken.get();
  }

  public int limit() {
    return limit;
  }

  /** Blocks until nobody waits, at most {@code atMost}; true when nobody does. */
  public synchronized boolean awaitEmpty(Duration atMost) throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    while (taken.get() > 0) {
      long leftMillis = (end - System.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        return false;
      }
      wait(leftMillis);
    }
    return true;
  }
}
