package dev.unmask.sampler.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PollTurnTest {

  private static final long PATIENCE_S = 30;

  private final List<Thread> threads = new ArrayList<>();
  private final PollTurn turn = new PollTurn(threads);

  /** A slot that polls when it has the turn and is told what comes of it. */
  private final class Slot {
    private final BlockingQueue<String> orders = new LinkedBlockingQueue<>();
    private final String name;
    private boolean joined;

    Slot(String name) {
      this.name = name;
      threads.add(Thread.ofPlatform().daemon().unstarted(this::run));
    }

    private void run() {
      try {
        while (turn.take(joined)) {
          joined = true;
          most.accumulateAndGet(polling.incrementAndGet(), Math::max);
          polls.add(name);
          String got = orders.take();
          polling.decrementAndGet();
          turn.handOn();
          if (got.equals("work")) {
            var done = orders.take();
            assertThat(done).isEqualTo("done");
          }
        }
        polls.add(name + " ended");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private final BlockingQueue<String> polls = new LinkedBlockingQueue<>();
  private final AtomicInteger polling = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final Slot a = new Slot("a");
  private final Slot b = new Slot("b");
  private final Slot c = new Slot("c");

  @AfterEach
  void endSlots() {
    threads.forEach(Thread::interrupt);
  }

  private String nextToPoll() throws InterruptedException {
    return String.valueOf(polls.poll(PATIENCE_S, TimeUnit.SECONDS));
  }

  private void awaitWaiting(int slots) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    while (turn.idle() != slots && System.nanoTime() < end) {
      Thread.sleep(1);
    }
    assertThat(turn.idle()).isEqualTo(slots);
  }

  @Test
  void onePollsAtATimeAndASlotIsStartedOnlyWhenAllOthersAreBusy() throws Exception {
    turn.open();
    assertThat(nextToPoll()).isEqualTo("a");
    assertThat(threads.get(1).isAlive()).as("nobody needs it yet").isFalse();
    a.orders.add("work");
    assertThat(nextToPoll()).isEqualTo("b");
    a.orders.add("done");
    awaitWaiting(3);
    b.orders.add("work");
    assertThat(nextToPoll()).as("the slot that is in the group already").isEqualTo("a");
    assertThat(threads.get(2).isAlive()).isFalse();
    a.orders.add("work");
    assertThat(nextToPoll()).isEqualTo("c");
    assertThat(most).hasValue(1);
    assertThat(turn.slots()).isEqualTo(3);
    assertThat(turn.idle()).as("only c holds nothing").isEqualTo(1);
  }

  @Test
  void afterTheEndNobodyGetsATurn() throws Exception {
    turn.open();
    assertThat(nextToPoll()).isEqualTo("a");
    a.orders.add("work");
    assertThat(nextToPoll()).isEqualTo("b");
    a.orders.add("done");
    awaitWaiting(3);
    turn.close();
    assertThat(nextToPoll()).isEqualTo("a ended");
    b.orders.add("nothing");
    assertThat(nextToPoll()).isEqualTo("b ended");
    assertThat(c.orders).isEmpty();
    assertThat(threads.get(2).isAlive()).isFalse();
  }
}
