package dev.unmask.model.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Chooses who takes part in a step that has no room for all. While both kinds compete, the tokens
 * of each approach its share; within a kind tasks take turns. Nobody starves: the kind that lags
 * goes first, its task at the head is always taken then, whatever its size, and nobody overtakes
 * within a kind.
 */
final class FairShare {

  /** Tokens served, over the share. The lower goes first. */
  private final Map<Priority, Double> served = new EnumMap<>(Priority.class);

  private final Map<Priority, Double> shares = new EnumMap<>(Priority.class);

  FairShare(double interactiveShare) {
    shares.put(Priority.INTERACTIVE, interactiveShare);
    shares.put(Priority.BULK, 1 - interactiveShare);
    level();
  }

  /** Who competes for a step. */
  interface Contender {
    Priority priority();

    /** Tokens of its next pass. */
    long nextTokens();

    /** Bytes of its largest pass. */
    long passBytes();
  }

  /**
   * Some of the tasks, at least one if there is one.
   *
   * @param tasks those that ran longest ago first
   * @param most tokens together, unless one alone needs more
   * @param room for the bytes together, unless one alone needs more
   */
  <T extends Contender> List<T> take(List<T> tasks, long most, long room) {
    if (tasks.stream().mapToLong(Contender::nextTokens).sum() <= most
        && tasks.stream().mapToLong(Contender::passBytes).sum() <= room) {
      level();
      return List.copyOf(tasks);
    }
    Map<Priority, ArrayDeque<T>> queues = new EnumMap<>(Priority.class);
    for (T task : tasks) {
      queues.computeIfAbsent(task.priority(), p -> new ArrayDeque<>()).add(task);
    }
    if (queues.size() == 1) {
      // Who was not there has no claim on what was served without him.
      level();
    }
    Set<Priority> open = EnumSet.copyOf(queues.keySet());
    List<T> taken = new ArrayList<>();
    long tokensLeft = most;
    long bytesLeft = room;
    while (!open.isEmpty()) {
      Priority next = lagging(open);
      ArrayDeque<T> queue = queues.getOrDefault(next, new ArrayDeque<>());
      T task = queue.peek();
      boolean fits =
          task != null
              && (taken.isEmpty()
                  || (task.nextTokens() <= tokensLeft && task.passBytes() <= bytesLeft));
      if (task == null || !fits) {
        open.remove(next);
        continue;
      }
      queue.remove();
      taken.add(task);
      tokensLeft -= task.nextTokens();
      bytesLeft -= task.passBytes();
      charge(next, task.nextTokens());
    }
    return taken;
  }

  /** Of these, the one that is owed most. */
  Priority lagging(Set<Priority> some) {
    Priority best = null;
    for (Priority priority : some) {
      if (best == null || of(priority) < of(best)) {
        best = priority;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException("nobody competes");
    }
    return best;
  }

  private double of(Priority priority) {
    return served.getOrDefault(priority, 0.0);
  }

  private void charge(Priority priority, long tokens) {
    served.merge(priority, tokens / shares.getOrDefault(priority, 1.0), Double::sum);
  }

  private void level() {
    for (Priority priority : Priority.values()) {
      served.put(priority, 0.0);
    }
  }
}
