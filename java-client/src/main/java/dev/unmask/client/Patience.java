package dev.unmask.client;

import io.grpc.Context;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** How long and how often one question is asked. One thread. */
final class Patience {

  private final long end;
  private int left;

  Patience(Duration deadline, int attempts) {
    this.end = System.nanoTime() + deadline.toNanos();
    this.left = attempts;
  }

  long leftNanos() {
    return Math.max(1, end - System.nanoTime());
  }

  /**
   * Waits as long as the gateway said.
   *
   * @throws UnmaskException the refusal, when it does not pass by waiting or there is no time left
   */
  void after(UnmaskException refusal) {
    Duration pause = refusal.retryAfter().orElse(null);
    if (pause == null) {
      throw refusal;
    }
    again(refusal, pause);
  }

  /** One attempt less, after a pause. */
  void again(UnmaskException refusal, Duration pause) {
    left--;
    if (left < 1 || pause.toNanos() >= end - System.nanoTime()) {
      throw refusal;
    }
    // Cancelling the call's context ends the pause, too.
    CountDownLatch cancelled = new CountDownLatch(1);
    Context.CancellationListener listener = context -> cancelled.countDown();
    Context context = Context.current();
    context.addListener(listener, Runnable::run);
    try {
      if (cancelled.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        throw UnmaskException.of(Status.CANCELLED.asRuntimeException());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw UnmaskException.of(Status.CANCELLED.withCause(e).asRuntimeException());
    } finally {
      context.removeListener(listener);
    }
  }
}
