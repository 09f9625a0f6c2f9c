package dev.unmask.sampler.presence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DrainQueueTest {

  private static final long NOW = 1_000_000;

  @Test
  void aQuarterMayDrainAndTheNextWhenOneIsDone() {
    DrainQueue queue = new DrainQueue("mini");
    for (int i = 0; i < 8; i++) {
      queue.apply(status(name(i), 0), i);
    }
    for (int i = 0; i < 4; i++) {
      queue.apply(status(name(i), 77), 10 + i);
    }
    assertThat(mayDrain(queue, 77)).containsExactly(true, true, false, false);
    queue.apply(status(name(0), 0), 20);
    assertThat(mayDrain(queue, 77)).containsExactly(false, true, true, false);
  }

  @Test
  void oneAtATimeWhereThereAreFewerThanFour() {
    DrainQueue queue = new DrainQueue("mini");
    queue.apply(status(name(0), 7), 0);
    assertThat(queue.mayDrain(name(0), 7, NOW)).as("alone").isTrue();
    queue.apply(status(name(1), 7), 1);
    queue.apply(status(name(2), 7), 2);
    assertThat(mayDrain(queue, 7)).containsExactly(true, false, false, false);
  }

  @Test
  void aWorkerCountsOnlyWhenItsOwnWordWasRead() {
    DrainQueue queue = new DrainQueue("mini");
    queue.apply(status(name(0), 7), 0);
    assertThat(queue.mayDrain(name(0), 8, NOW)).as("an earlier asking").isFalse();
    assertThat(queue.mayDrain(name(1), 7, NOW)).as("nothing read yet").isFalse();
    queue.apply(status(name(0), 8), 1);
    assertThat(queue.mayDrain(name(0), 8, NOW)).isTrue();
  }

  @Test
  void whoIsSilentStoppedOrOfAnotherBaseIsNotWaitedFor() {
    DrainQueue queue = new DrainQueue("mini");
    queue.apply(status(name(0), 7).toBuilder().setAtMs(NOW - DrainQueue.SILENCE_MS - 1).build(), 0);
    queue.apply(
        status(name(1), 7).toBuilder().setState(WorkerState.WORKER_STATE_STOPPED).build(), 1);
    queue.apply(status(name(2), 7).toBuilder().setBase("other").build(), 2);
    queue.apply(status(name(3), 7), 3);
    assertThat(queue.mayDrain(name(3), 7, NOW)).isTrue();
  }

  @Test
  void askingAgainIsAtTheEndOfTheQueueAndHeartbeatsKeepThePlace() {
    DrainQueue queue = new DrainQueue("mini");
    queue.apply(status(name(0), 7), 0);
    queue.apply(status(name(1), 7), 1);
    queue.apply(status(name(0), 7), 2);
    assertThat(mayDrain(queue, 7)).startsWith(true, false);
    queue.apply(status(name(0), 9), 3);
    assertThat(queue.mayDrain(name(0), 9, NOW)).isFalse();
    assertThat(queue.mayDrain(name(1), 7, NOW)).isTrue();
  }

  /**
   * Each reads the topic at its own pace, acts on what it has read, and never are there too many.
   */
  @Test
  void readersOfDifferentSpeedNeverLetTooManyDrain() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int workers = 1 + random.nextInt(9);
      Shared topic = new Shared(workers);
      int turns = 0;
      for (int move = 0; move < 400; move++) {
        turns += topic.move(random.nextInt(workers), random) ? 1 : 0;
        assertThat(topic.draining)
            .as("seed %d", seed)
            .isLessThanOrEqualTo(Math.max(1, workers / 4));
      }
      assertThat(turns).as("seed %d: it goes on", seed).isGreaterThan(3);
    }
  }

  /** A topic, and workers that read it. */
  private static final class Shared {
    private final List<WorkerStatus> records = new ArrayList<>();
    private final List<DrainQueue> queues = new ArrayList<>();
    private final int[] read;
    private final long[] since;
    private final boolean[] drains;
    private long askings;
    private int draining;

    Shared(int workers) {
      read = new int[workers];
      since = new long[workers];
      drains = new boolean[workers];
      for (int i = 0; i < workers; i++) {
        queues.add(new DrainQueue("mini"));
        records.add(status(name(i), 0));
      }
    }

    /** A worker reads some, then asks, drains, or is done; true when it has begun to drain. */
    boolean move(int me, Random random) {
      int upTo = read[me] + random.nextInt(records.size() - read[me] + 1);
      for (; read[me] < upTo; read[me]++) {
        queues.get(me).apply(records.get(read[me]), read[me]);
      }
      if (drains[me]) {
        if (random.nextInt(3) == 0) {
          drains[me] = false;
          draining--;
          since[me] = 0;
          records.add(status(name(me), 0));
        }
      } else if (since[me] == 0) {
        since[me] = ++askings;
        records.add(status(name(me), since[me]));
      } else if (queues.get(me).mayDrain(name(me), since[me], NOW)) {
        drains[me] = true;
        draining++;
        return true;
      }
      return false;
    }
  }

  private static List<Boolean> mayDrain(DrainQueue queue, long since) {
    List<Boolean> may = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      may.add(queue.mayDrain(name(i), since, NOW));
    }
    return may;
  }

  private static String name(int number) {
    return "sampler-" + number;
  }

  private static WorkerStatus status(String worker, long drainsSince) {
    return WorkerStatus.newBuilder()
        .setWorker(worker)
        .setBase("mini")
        .setState(WorkerState.WORKER_STATE_READY)
        .setAtMs(NOW)
        .setDrainsSinceMs(drainsSince)
        .build();
  }
}
