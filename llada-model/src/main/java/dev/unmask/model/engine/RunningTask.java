package dev.unmask.model.engine;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.EngineException.Reason;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A task from its submission to its one terminal callback. Apart from {@link #cancel} everything
 * happens on the engine thread.
 */
final class RunningTask implements EngineTicket {

  private static final Logger LOG = System.getLogger(RunningTask.class.getName());

  private final GenerationTask task;
  private final GenerationListener listener;
  private final Runnable onEnd;
  private @Nullable CanvasRun run;
  private long startNanos;
  private volatile boolean cancelled;
  private boolean ended;

  /** {@code onEnd} runs once, before the terminal callback. */
  RunningTask(GenerationTask task, GenerationListener listener, Runnable onEnd) {
    this.task = task;
    this.listener = listener;
    this.onEnd = onEnd;
  }

  /** Throws the reason why {@code task} cannot run on a model of this shape. */
  private static void check(GenerationTask task, ModelConfig config) throws EngineException {
    int[] prompt = task.promptIds();
    for (int i = 0; i < prompt.length; i++) {
      if (prompt[i] < 0 || prompt[i] >= config.vocabularySize()) {
        throw invalid(
            "token "
                + i
                + " of the prompt is "
                + prompt[i]
                + "; this model's ids go from 0 to "
                + (config.vocabularySize() - 1));
      }
      if (prompt[i] == config.tokens().mask()) {
        throw invalid("token " + i + " of the prompt is the mask; a prompt must not hold it");
      }
    }
    int canvas = task.settings().genLength();
    if ((long) prompt.length + canvas > config.contextLength()) {
      throw invalid(
          "the prompt has "
              + prompt.length
              + " tokens and the canvas "
              + canvas
              + ", together more than this model's "
              + config.contextLength());
    }
  }

  private static EngineException invalid(String sentence) {
    return new EngineException(Reason.INVALID_TASK, sentence);
  }

  /** Only after {@link #start}. */
  CanvasRun run() {
    return Objects.requireNonNull(run, "the task was not started");
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  boolean cancelled() {
    return cancelled;
  }

  boolean ended() {
    return ended;
  }

  /** Lays out the canvas, unless the task cannot run on a model of this shape. */
  void start(ModelConfig config) throws EngineException {
    // Checked first: the canvas of an absurd length would not fit in memory.
    check(task, config);
    run = new CanvasRun(task.promptIds(), task.settings(), config.tokens(), task.draws());
    startNanos = System.nanoTime();
    tell(listener::onStarted);
  }

  /** Reports a step, and the end if this was the last one. */
  void stepped(StepResult step) {
    tell(() -> listener.onStep(step));
    if (run().finished()) {
      end(() -> listener.onFinished(result()));
    }
  }

  void failed(EngineException failure) {
    end(() -> listener.onFailed(failure));
  }

  private GenerationResult result() {
    CanvasRun finished = run();
    return new GenerationResult(
        finished.canvas(),
        finished.answer(),
        finished.answerEnded()
            ? GenerationResult.FinishReason.STOP
            : GenerationResult.FinishReason.LENGTH,
        finished.steps(),
        finished.guided() ? 2 * finished.steps() : finished.steps(),
        Duration.ofNanos(System.nanoTime() - startNanos));
  }

  private void end(Runnable callback) {
    if (ended) {
      return;
    }
    ended = true;
    onEnd.run();
    tell(callback);
  }

  /** One task's broken listener must not stop the engine. */
  private void tell(Runnable callback) {
    try {
      callback.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "task=" + task.id() + " its listener failed; the task is dropped", e);
      if (!ended) {
        ended = true;
        onEnd.run();
      }
    }
  }
}
