package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The running tasks of one model: they share its forward passes. Engine thread only. */
final class ModelGroup implements AutoCloseable {

  private final MaskPredictor model;
  private final PackedStep step;
  private final List<RunningTask> tasks = new ArrayList<>();
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

  int size() {
    return tasks.size();
  }

  boolean isEmpty() {
    return tasks.isEmpty();
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

  /** Lets cancelled tasks leave. */
  void sweep() {
    for (RunningTask task : tasks) {
      if (task.cancelled()) {
        task.failed(new EngineException(Reason.CANCELLED, "the request was cancelled"));
      }
    }
    tasks.removeIf(RunningTask::ended);
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
        fail(tasks.get(0), e);
      } else {
        for (RunningTask task : tasks) {
          try {
            outcome = stepTogether(List.of(task));
          } catch (RuntimeException own) {
            fail(task, own);
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

  private static void fail(RunningTask task, RuntimeException cause) {
    task.failed(
        new EngineException(
            Reason.INTERNAL, "a denoising step failed: " + cause.getMessage(), cause));
  }

  void failAll(EngineException failure) {
    tasks.forEach(task -> task.failed(failure));
    tasks.clear();
  }

  @Override
  public void close() {
    step.close();
  }
}
