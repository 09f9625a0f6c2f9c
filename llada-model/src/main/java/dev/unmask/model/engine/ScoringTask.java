package dev.unmask.model.engine;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.likelihood.LikelihoodRun;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.InvalidSettingsException;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link LikelihoodTask} in the engine. */
final class ScoringTask extends EngineTask {

  private final LikelihoodTask task;
  private final LikelihoodListener listener;
  private @Nullable LikelihoodRun run;

  ScoringTask(
      LikelihoodTask task,
      Priority priority,
      @Nullable Instant deadline,
      LikelihoodListener listener,
      Runnable onEnd) {
    super(priority, deadline, onEnd);
    this.task = task;
    this.listener = listener;
  }

  @Override
  String id() {
    return "likelihood of " + task.answerIds().length + " tokens";
  }

  @Override
  void start(ModelConfig config) throws EngineException {
    try {
      run = new LikelihoodRun(task, config);
    } catch (InvalidSettingsException e) {
      throw new EngineException(Reason.INVALID_TASK, String.valueOf(e.getMessage()), e);
    }
    tell(listener::onStarted);
  }

  @Override
  void release() {
    // An estimate holds no tensors.
  }

  @Override
  void join(ModelGroup group) {
    group.add(this);
  }

  /** Only after {@link #start}. */
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
