package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.likelihood.LikelihoodRun;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.transformer.LoadedAdapter;
import dev.unmask.model.transformer.MaskPredictor;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link LikelihoodTask} in the engine. */
final class ScoringTask extends EngineTask {

  private final LikelihoodTask task;
  private final LikelihoodListener listener;
  private @Nullable LikelihoodRun run;
  private double flops;

  ScoringTask(
      MaskPredictor model,
      LikelihoodTask task,
      Priority priority,
      @Nullable Instant deadline,
      LikelihoodListener listener,
      Runnable onEnd) {
    super(model, priority, deadline, onEnd);
    this.task = task;
    this.listener = listener;
  }

  @Override
  String id() {
    return "likelihood of " + task.answerIds().length + " tokens";
  }

  @Override
  void arrive(ModelGroup group, Admission admission) throws EngineException {
    try {
      run = new LikelihoodRun(task, model().config(), model().adapter());
    } catch (InvalidSettingsException e) {
      throw new EngineException(Reason.INVALID_TASK, String.valueOf(e.getMessage()), e);
    }
    LoadedAdapter adapter = model().adapter();
    TaskCost cost =
        TaskCost.of(
            task,
            model().config(),
            model().numberBytes(),
            adapter == null ? 0 : adapter.virtualTokens());
    admission.check(cost, group);
    flops = cost.flops();
    tell(listener::onStarted);
    if (!ended()) {
      // It keeps nothing between passes, and a pass takes no more rows than it has room for.
      group.add(this);
    }
  }

  /** Operations that are about left. */
  double flopsLeft() {
    return flops;
  }

  @Override
  void release() {
    // An estimate holds no tensors.
  }

  /** Only after {@link #arrive}. */
  LikelihoodRun run() {
    return Objects.requireNonNull(run, "the task was not started");
  }

  /** Reports the end, if the last pass was it. */
  void passed() {
    if (run().finished()) {
      end(() -> listener.onFinished(run().result()));
    }
  }

  @Override
  void failed(EngineException failure) {
    end(() -> listener.onFailed(failure));
  }
}
