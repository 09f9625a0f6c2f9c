package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.likelihood.LikelihoodPass;
import dev.unmask.model.transformer.MaskPredictor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The running tasks of one model: those that denoise share forward passes, and so do those that
 * score. Engine thread only.
 */
final class ModelGroup implements AutoCloseable {

  private final MaskPredictor model;
  private final PackedStep step;
  private final List<RunningTask> tasks = new ArrayList<>();
  private final List<ScoringTask> scorings = new ArrayList<>();

  /** Made for the first task that scores. */
  private @Nullable LikelihoodPass scoring;

  private @Nullable Runnable retired;

  ModelGroup(MaskPredictor model) {
    this.model = model;
    this.step = new PackedStep(model);
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

  /** Tasks that denoise. */
  int size() {
    return tasks.size();
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

  /** Lets cancelled and late tasks leave. */
  void sweep(Instant now) {
    sweep(tasks, now);
    sweep(scorings, now);
  }

  private static void sweep(List<? extends EngineTask> some, Instant now) {
    for (EngineTask task : some) {
      if (task.cancelled()) {
        task.failed(new EngineException(Reason.CANCELLED, "the request was cancelled"));
      } else if (task.late(now)) {
        task.failed(
            new EngineException(
                Reason.DEADLINE_EXCEEDED, "the deadline passed before the answer was complete"));
      }
    }
    some.removeIf(EngineTask::ended);
  }

  /**
   * Runs one pass of rows for the tasks that score; nothing happens without any. They take turns at
   * the head of the pass. When the shared pass fails, each runs alone, so that only the one at
   * fault fails.
   */
  void score() {
    if (scorings.isEmpty()) {
      return;
    }
    try {
      scoreTogether(scorings);
    } catch (RuntimeException e) {
      if (scorings.size() == 1) {
        fail(scorings.get(0), "a likelihood pass failed: ", e);
      } else {
        for (ScoringTask task : scorings) {
          try {
            scoreTogether(List.of(task));
          } catch (RuntimeException own) {
            fail(task, "a likelihood pass failed: ", own);
          }
        }
      }
    }
    scorings.removeIf(EngineTask::ended);
    Collections.rotate(scorings, -1);
  }

  private void scoreTogether(List<ScoringTask> together) {
    if (scoring == null) {
      scoring = new LikelihoodPass(model, LikelihoodPass.Budget.USUAL);
    }
    LikelihoodPass.Outcome ignored = scoring.step(together.stream().map(ScoringTask::run).toList());
    together.forEach(ScoringTask::passed);
  }

  /**
   * Takes every task one step further; nothing happens without tasks. When the shared step fails,
   * each task runs alone, so that only the one at fault fails.
   *
   * @return what it cost, or null when no task ran to the end of its step
   */
  PackedStep.@Nullable Outcome step() {
    if (tasks.isEmpty()) {
      return null;
    }
    PackedStep.Outcome outcome = null;
    try {
      outcome = stepTogether(tasks);
    } catch (RuntimeException e) {
      if (tasks.size() == 1) {
        fail(tasks.get(0), "a denoising step failed: ", e);
      } else {
        for (RunningTask task : tasks) {
          try {
            outcome = stepTogether(List.of(task));
          } catch (RuntimeException own) {
            fail(task, "a denoising step failed: ", own);
          }
        }
      }
    }
    tasks.removeIf(RunningTask::ended);
    return outcome;
  }

  private PackedStep.Outcome stepTogether(List<RunningTask> together) {
    PackedStep.Outcome outcome = step.step(together.stream().map(RunningTask::run).toList());
    for (int i = 0; i < together.size(); i++) {
      together.get(i).stepped(outcome.results().get(i));
    }
    return outcome;
  }

  private static void fail(EngineTask task, String what, RuntimeException cause) {
    task.failed(new EngineException(Reason.INTERNAL, what + cause.getMessage(), cause));
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
