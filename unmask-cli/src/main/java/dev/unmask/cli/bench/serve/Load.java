package dev.unmask.cli.bench.serve;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** When requests are sent. */
sealed interface Load {

  /** {@code callers} that each ask again as soon as they have their answer. */
  record Closed(int callers) implements Load {

    @Override
    public void send(Calls calls) {
      AtomicInteger next = new AtomicInteger();
      for (int i = 0; i < Math.min(callers, calls.count()); i++) {
        ask(calls, next);
      }
    }

    private static void ask(Calls calls, AtomicInteger next) {
      int index = next.getAndIncrement();
      if (index < calls.count()) {
        calls.call(index, System.nanoTime(), ended -> ask(calls, next));
      }
    }
  }

  /**
   * Requests that come when they come, however many are under way: {@code perSecond} on average,
   * with the times of {@link Arrivals#poisson}.
   */
  record Open(double perSecond, long seed) implements Load {

    @Override
    public void send(Calls calls) {
      long[] times = Arrivals.poisson(perSecond, calls.count(), seed);
      long start = System.nanoTime();
      for (int i = 0; i < times.length; i++) {
        long intended = start + times[i];
        sleepUntil(intended);
        calls.call(i, intended, ended -> {});
      }
    }

    private static void sleepUntil(long time) {
      for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
    }
  }

  /** The calls of one run. */
  interface Calls {

    int count();

    /** Makes a call; {@code next} is run when it has ended. */
    void call(int index, long intended, Consumer<Observation> next);
  }

  /** Makes every call once; may return before they have ended. */
  void send(Calls calls);

  /** Makes {@code count} calls and returns when all have ended. */
  default List<Observation> run(Caller caller, int count) throws InterruptedException {
    AtomicReferenceArray<Observation> seen = new AtomicReferenceArray<>(count);
    CountDownLatch under = new CountDownLatch(count);
    send(
        new Calls() {
          @Override
          public int count() {
            return count;
          }

          @Override
          public void call(int index, long intended, Consumer<Observation> next) {
            caller.call(
                index,
                intended,
                ended -> {
                  seen.set(index, ended);
                  next.accept(ended);
                  under.countDown();
                });
          }
        });
    under.await();
    return Arrays.asList(IntStream.range(0, count).mapToObj(seen::get).toArray(Observation[]::new));
  }
}
