package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.likelihood.LikelihoodPass;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptException;
import dev.unmask.model.transformer.MaskPredictor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The running tasks of one model: those that denoise share forward passes, and so do those that
 * score. Engine thread only.
 */
final class ModelGroup implements AutoCloseable {

  private final MaskPredictor model;
  private final PackedStep step;
  private final FairShare fair;
  private final List<RunningTask> tasks = new ArrayList<>();
  private final List<ScoringTask> scorings = new ArrayList<>();

  /** Made for the first task that scores. */
  private @Nullable LikelihoodPass scoring;

  private @Nullable Runnable retired;

  /** Adapters of the model that take no new tasks, and what runs when their last one has left. */
  private final Map<MaskPredictor, Runnable> retiring = new LinkedHashMap<>();

  ModelGroup(MaskPredictor model, EngineOptions options) {
    this.model = model;
    this.step = new PackedStep(model);
    this.fair = new FairShare(options.interactiveShare());
  }

  MaskPredictor model() {
    return model;
  }

  void add(RunningTask task) {
    tasks.add(task);
  }

  void add(ScoringTask task) {
    scorings.add(task);
  }

  /** Tasks that take part in passes. */
  int size() {
    return tasks.size() + scorings.size();
  }

  boolean isEmpty() {
    return tasks.isEmpty() && scorings.isEmpty();
  }

  /** Runs when the last task has left. */
  void whenEmpty(Runnable closed) {
    Runnable earlier = retired;
    retired =
        earlier == null
            ? closed
            : () -> {
              earlier.run();
              closed.run();
            };
  }

  @Nullable Runnable retired() {
    return retired;
  }

  /** Runs, at some {@link #dismissAdapters}, when no task of an adapted model is left. */
  void whenUnused(MaskPredictor adapted, Runnable closed) {
    retiring.merge(
        adapted,
        closed,
        (earlier, later) ->
            () -> {
              earlier.run();
              later.run();
            });
  }

  /**
   * Lets go of retired adapters that nobody uses.
   *
   * @param waiting whether some task of an adapted model waits
   * @return what is to run for each
   */
  List<Runnable> dismissAdapters(Predicate<MaskPredictor> waiting) {
    List<Runnable> closing = new ArrayList<>();
    retiring
        .entrySet()
        .removeIf(entry -> {
          boolean used =
              Stream.concat(tasks.stream(), scorings.stream())
                  .anyMatch(task -> task.model().equals(entry.getKey()));
          if (used || waiting.test(entry.getKey())) {
            return false;
          }
          closing.add(entry.getValue());
          return true;
        });
    return closing;
  }

  /** Lets cancelled and late tasks leave. */
  void sweep(Instant now) {
    tasks.forEach(task -> task.leaveIfUnwanted(now));
    tasks.removeIf(EngineTask::ended);
    scorings.forEach(task -> task.leaveIfUnwanted(now));
    scorings.removeIf(EngineTask::ended);
  }

  /** Tasks that denoise, those that were forwarded longest ago first. */
  List<RunningTask> tasks() {
    return Collections.unmodifiableList(tasks);
  }

  /** Whether a task denoises. */
  boolean denoises() {
    return !tasks.isEmpty();
  }

  /** Packed tokens of one usual pass of all tasks of this kind that denoise. */
  long meanTokens(Priority priority) {
    return tasks.stream()
        .filter(task -> task.priority() == priority)
        .mapToLong(task -> task.cost().meanTokens())
        .sum();
  }

  /** Operations that are about left for all. */
  double flopsLeft() {
    return tasks.stream().mapToDouble(RunningTask::flopsLeft).sum()
        + scorings.stream().mapToDouble(ScoringTask::flopsLeft).sum();
  }

  /**
   * Runs one pass of rows for the tasks that score; nothing happens without any. They take turns at
   * the head of the pass. When the shared pass fails, each runs alone, so that only the one at
   * fault fails.
   *
   * @param mostTokens of the pass, where its own budget allows more
   */
  void score(int mostTokens) {
    if (scorings.isEmpty()) {
      return;
    }
    try {
      scoreTogether(scorings, mostTokens);
    } catch (RuntimeException e) {
      rethrowLost(e);
      if (scorings.size() == 1) {
        fail(scorings.get(0), "a likelihood pass failed: ", e);
      } else {
        for (ScoringTask task : scorings) {
          try {
            scoreTogether(List.of(task), mostTokens);
          } catch (RuntimeException own) {
            rethrowLost(own);
            fail(task, "a likelihood pass failed: ", own);
          }
        }
      }
    }
    scorings.removeIf(EngineTask::ended);
    Collections.rotate(scorings, -1);
  }

  private void scoreTogether(List<ScoringTask> together, int mostTokens) {
    if (scoring == null) {
      scoring = new LikelihoodPass(model, LikelihoodPass.Budget.usual(model.device()));
    }
    LikelihoodPass.Outcome ignored =
        scoring.step(together.stream().map(ScoringTask::run).toList(), mostTokens);
    together.forEach(ScoringTask::passed);
  }

  /** What a step cost, and how many operations it was thought to be. */
  record Stepped(PackedStep.Outcome outcome, int tasks, double flops) {}

  /**
   * Takes as many tasks as there is room for one step further; nothing happens without tasks. When
   * the shared step fails, each task runs alone, so that only the one at fault fails. When memory
   * ran out, the newest ones fail until the others fit.
   *
   * @param mostTokens and {@code room} as for {@link FairShare#take}
   * @return what it cost, or null when no task ran to the end of its step
   */
  @Nullable Stepped step(long mostTokens, long room) {
    List<RunningTask> chosen = fair.take(tasks, mostTokens, room);
    if (chosen.size() < tasks.size()) {
      tasks.removeAll(chosen);
      tasks.addAll(chosen);
    }
    chosen.forEach(RunningTask::begin);
    List<RunningTask> together = byAdapter(chosen.stream().filter(task -> !task.ended()).toList());
    double flops =
        together.stream().mapToDouble(task -> task.cost().flops() / task.cost().steps()).sum();
    PackedStep.Outcome outcome = together.isEmpty() ? null : stepOrIsolate(together);
    tasks.removeIf(RunningTask::ended);
    return outcome == null ? null : new Stepped(outcome, together.size(), flops);
  }

  /** Those of one adapter next to each other, so that its products are few and large. */
  private static List<RunningTask> byAdapter(List<RunningTask> tasks) {
    if (tasks.stream().allMatch(task -> task.model().adapter() == null)) {
      return tasks;
    }
    Map<MaskPredictor, List<RunningTask>> together = new LinkedHashMap<>();
    for (RunningTask task : tasks) {
      together.computeIfAbsent(task.model(), m -> new ArrayList<>()).add(task);
    }
    return together.values().stream().flatMap(List::stream).toList();
  }

  private PackedStep.@Nullable Outcome stepOrIsolate(List<RunningTask> together) {
    List<RunningTask> left = new ArrayList<>(together);
    while (!left.isEmpty()) {
      try {
        return stepTogether(left);
      } catch (RuntimeException e) {
        rethrowLost(e);
        if (TorchScriptException.faultOf(e) != TorchScriptException.Fault.OUT_OF_MEMORY) {
          return isolate(left, e);
        }
        left.remove(failNewest(left, e));
      }
    }
    return null;
  }

  private PackedStep.@Nullable Outcome isolate(
      List<RunningTask> together, RuntimeException shared) {
    if (together.size() == 1) {
      fail(together.get(0), "a denoising step failed: ", shared);
      return null;
    }
    PackedStep.Outcome outcome = null;
    for (RunningTask task : together) {
      try {
        outcome = stepTogether(List.of(task));
      } catch (RuntimeException own) {
        rethrowLost(own);
        fail(task, "a denoising step failed: ", own);
      }
    }
    return outcome;
  }

  /**
   * Gives up the task that came last, so that the others have its memory. The estimate that let it
   * in was too low, or somebody else uses the device too.
   */
  private RunningTask failNewest(List<RunningTask> together, RuntimeException cause) {
    RunningTask newest =
        together.stream().max(Comparator.comparingLong(RunningTask::arrival)).orElseThrow();
    newest.failed(
        new EngineException(
            Reason.OUT_OF_MEMORY,
            "%s ran out of memory in a step of %d requests, of which this one was the newest; ask again later, or with a shorter prompt or canvas"
                .formatted(model.device().label(), together.size()),
            cause));
    if (!model.device().isCpu()) {
      TorchRuntime.returnDeviceMemory();
    }
    return newest;
  }

  private PackedStep.Outcome stepTogether(List<RunningTask> together) {
    PackedStep.Outcome outcome = step.step(together.stream().map(RunningTask::run).toList());
    for (int i = 0; i < together.size(); i++) {
      together.get(i).stepped(outcome.results().get(i));
    }
    return outcome;
  }

  private static void fail(EngineTask task, String what, RuntimeException cause) {
    Reason reason =
        TorchScriptException.faultOf(cause) == TorchScriptException.Fault.OUT_OF_MEMORY
            ? Reason.OUT_OF_MEMORY
            : Reason.INTERNAL;
    task.failed(new EngineException(reason, what + cause.getMessage(), cause));
  }

  /** A device that takes no more calls ends the engine: another process may go on. */
  private static void rethrowLost(RuntimeException failure) {
    if (TorchScriptException.faultOf(failure) == TorchScriptException.Fault.DEVICE_LOST) {
      throw failure;
    }
  }

  void failAll(EngineException failure) {
    tasks.forEach(task -> task.failed(failure));
    tasks.clear();
    scorings.forEach(task -> task.failed(failure));
    scorings.clear();
  }

  @Override
  public void close() {
    if (scoring != null) {
      scoring.close();
    }
    step.close();
  }
}
