package dev.unmask.sampler.intake;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * Lets one slot at a time ask the broker for a record of the same topics, so that a worker has one
 * fetch open for them and not one for each idle slot: whatever a fetch of a killed worker is given
 * counts as a delivery.
 *
 * <p>The slot that used its consumer last gets the turn next, and a slot that never had it is
 * started only when all others are busy. A slot joins the group with its first turn and joining
 * takes a moment; an idle worker has as many members in the group as it ever ran requests at once.
 *
 * <p>Thread-safe.
 */
final class PollTurn {

  private final Deque<Semaphore> waiting = new ArrayDeque<>();
  private final List<Thread> slots;
  private int started;
  private boolean free = true;
  private boolean over;

  /**
   * @param slots threads that {@link #take} turns, not started yet; complete before {@link #open}
   */
  PollTurn(List<Thread> slots) {
    this.slots = slots;
  }

  /** Lets the first slot begin. */
  synchronized void open() {
    startOne();
  }

  /**
   * Waits for the turn.
   *
   * @param joined whether the slot has a consumer that is in the group already
   * @return false when there are no more turns
   */
  boolean take(boolean joined) throws InterruptedException {
    Semaphore mine = new Semaphore(0);
    synchronized (this) {
      if (over) {
        return false;
      }
      if (free) {
        free = false;
        return true;
      }
      if (joined) {
        waiting.addFirst(mine);
      } else {
        waiting.addLast(mine);
      }
    }
    mine.acquire();
    synchronized (this) {
      return !over;
    }
  }

  /** Gives the turn to the next slot. By the slot that has it, when it got a record or gives up. */
  synchronized void handOn() {
    Semaphore next = waiting.pollFirst();
    if (next != null) {
      next.release();
    } else {
      free = true;
      startOne();
    }
  }

  int slots() {
    return slots.size();
  }

  /** Slots that hold nothing: not started, waiting for the turn, or using it. */
  synchronized int idle() {
    return slots.size() - started + waiting.size() + (free ? 0 : 1);
  }

  /** No more turns: whoever waits for one ends. */
  synchronized void close() {
    over = true;
    waiting.forEach(Semaphore::release);
    waiting.clear();
  }

  private void startOne() {
    if (!over && started < slots.size()) {
      slots.get(started++).start();
    }
  }
}
