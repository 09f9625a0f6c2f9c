package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.transformer.MaskPredictor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tasks that wait for room, and the rule by which they get it. Engine thread only.
 *
 * <p>A task is let in when the tokens of its usual pass fit into a step beside those of its kind
 * and model, and its cache into memory beside the caches of all and the largest pass of one. Both
 * kinds may fill a step: {@link FairShare} then divides it, so that a late interactive task waits
 * for no bulk task's end. Within a kind and model the order is that of arrival. A task for which
 * memory lacks is overtaken by nobody, so that it gets what is freed; the kind that holds less of
 * its share of the memory is asked first.
 */
final class Admission {

  private record Waiting(ModelGroup group, RunningTask task) {}

  private final EngineOptions options;
  private final Map<Priority, List<Waiting>> queues = new EnumMap<>(Priority.class);

  Admission(EngineOptions options) {
    this.options = options;
    for (Priority priority : Priority.values()) {
      queues.put(priority, new ArrayList<>());
    }
  }

  /** Refuses what would not fit if it were alone. */
  void check(TaskCost cost, ModelGroup group) throws EngineException {
    long logits = logitBytes(group);
    long needed = cost.cacheBytes() + cost.passBytes() + logits;
    if (needed > options.memory().bytes()) {
      throw new EngineException(
          Reason.TOO_LARGE,
          "the request needs %s of memory at its largest step (%s for %d tokens, %s for keys and values, %s for logits), but this engine may use %s; make the prompt or the canvas shorter%s"
              .formatted(
                  megabytes(needed),
                  megabytes(cost.passBytes()),
                  cost.mostTokens(),
                  megabytes(cost.cacheBytes()),
                  megabytes(logits),
                  megabytes(options.memory().bytes()),
                  cost.cacheBytes() > 0 ? " or leave the cache out" : ""));
    }
  }

  private static long logitBytes(ModelGroup group) {
    return TokenChooser.workBytes(group.model().config(), group.model().device());
  }

  private static String megabytes(long bytes) {
    return Math.ceilDiv(bytes, 1 << 20) + " MB";
  }

  /** Adds a task that was checked to those that wait. */
  void add(RunningTask task, ModelGroup group) {
    queue(task.priority()).add(new Waiting(group, task));
  }

  boolean isEmpty() {
    return queues.values().stream().allMatch(List::isEmpty);
  }

  /** Whether a task of this model waits. */
  boolean holds(ModelGroup group) {
    return queues.values().stream().flatMap(List::stream).anyMatch(w -> w.group() == group);
  }

  /** Whether a task waits that was submitted for this model, not for its base alone. */
  boolean holds(MaskPredictor model) {
    return queues.values().stream()
        .flatMap(List::stream)
        .anyMatch(w -> w.task().model().equals(model));
  }

  /** Operations of all that wait. */
  double flops() {
    return queues.values().stream()
        .flatMap(List::stream)
        .mapToDouble(w -> w.task().cost().flops())
        .sum();
  }

  /** Lets cancelled and late tasks leave. */
  void sweep(Instant now) {
    for (List<Waiting> queue : queues.values()) {
      queue.forEach(waiting -> waiting.task().leaveIfUnwanted(now));
      queue.removeIf(waiting -> waiting.task().ended());
    }
  }

  /** Ends all with {@code failure}. */
  void failAll(EngineException failure) {
    for (List<Waiting> queue : queues.values()) {
      queue.forEach(waiting -> waiting.task().failed(failure));
      queue.clear();
    }
  }

  /** Lets in whom there is room for. */
  void admit(Collection<ModelGroup> groups) {
    Map<Priority, Set<ModelGroup>> full = new EnumMap<>(Priority.class);
    Set<Priority> open = EnumSet.allOf(Priority.class);
    while (!open.isEmpty()) {
      Priority next = poorer(open, groups);
      Set<ModelGroup> closed = full.computeIfAbsent(next, p -> new HashSet<>());
      Waiting first = first(queue(next), closed);
      if (first == null) {
        open.remove(next);
      } else if (!fitsStep(first)) {
        closed.add(first.group());
      } else if (!fitsMemory(first, groups)) {
        return;
      } else {
        queue(next).remove(first);
        first.group().add(first.task());
      }
    }
  }

  /** What a pass of {@code group} may need beside everybody's caches. */
  long passRoom(ModelGroup group, Collection<ModelGroup> groups) {
    return options.memory().bytes() - cacheBytes(groups) - logitBytes(group);
  }

  private static @Nullable Waiting first(List<Waiting> queue, Set<ModelGroup> closed) {
    for (Waiting waiting : queue) {
      if (!closed.contains(waiting.group())) {
        return waiting;
      }
    }
    return null;
  }

  private boolean fitsStep(Waiting waiting) {
    long tokens = waiting.group().meanTokens(waiting.task().priority());
    return tokens == 0 || tokens + waiting.task().cost().meanTokens() <= options.stepTokens();
  }

  private boolean fitsMemory(Waiting waiting, Collection<ModelGroup> groups) {
    TaskCost cost = waiting.task().cost();
    long needed = cost.cacheBytes() + needed(groups, cost.passBytes(), logitBytes(waiting.group()));
    return needed <= options.memory().bytes();
  }

  /** Bytes that those which run need at most, caches and the largest pass of one. */
  long needed(Collection<ModelGroup> groups) {
    return groups.stream().allMatch(ModelGroup::isEmpty) ? 0 : needed(groups, 0, 0);
  }

  private static long needed(Collection<ModelGroup> groups, long leastPass, long leastLogits) {
    long largestPass = leastPass;
    long logits = leastLogits;
    for (ModelGroup group : groups) {
      for (RunningTask running : group.tasks()) {
        largestPass = Math.max(largestPass, running.cost().passBytes());
        logits = Math.max(logits, logitBytes(group));
      }
    }
    return cacheBytes(groups) + largestPass + logits;
  }

  private static long cacheBytes(Collection<ModelGroup> groups) {
    return groups.stream()
        .flatMap(group -> group.tasks().stream())
        .mapToLong(task -> task.cost().cacheBytes())
        .sum();
  }

  /** Of these, the kind that holds less memory for its share. */
  private Priority poorer(Set<Priority> some, Collection<ModelGroup> groups) {
    if (some.size() == 1) {
      return some.iterator().next();
    }
    double interactive = held(Priority.INTERACTIVE, groups) / options.interactiveShare();
    double bulk = held(Priority.BULK, groups) / (1 - options.interactiveShare());
    return bulk < interactive ? Priority.BULK : Priority.INTERACTIVE;
  }

  private static double held(Priority priority, Collection<ModelGroup> groups) {
    return groups.stream()
        .flatMap(group -> group.tasks().stream())
        .filter(task -> task.priority() == priority)
        .mapToDouble(task -> task.cost().cacheBytes())
        .sum();
  }

  private List<Waiting> queue(Priority priority) {
    return queues.computeIfAbsent(priority, p -> new ArrayList<>());
  }
}
