package dev.unmask.model.engine;

import dev.unmask.model.config.ModelConfig;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A task from its submission to its one terminal callback. Apart from {@link #cancel} everything
 * happens on the engine thread.
 */
abstract class EngineTask implements EngineTicket {

  private static final Logger LOG = System.getLogger(EngineTask.class.getName());

  private final Runnable onEnd;
  private final Priority priority;
  private final @Nullable Instant deadline;
  private volatile boolean cancelled;
  private boolean ended;

  /** {@code onEnd} runs once, before the terminal callback. */
  EngineTask(Priority priority, @Nullable Instant deadline, Runnable onEnd) {
    this.priority = priority;
    this.deadline = deadline;
    this.onEnd = onEnd;
  }

  /** Whom it competes with. */
  final Priority priority() {
    return priority;
  }

  /** For messages and logs. */
  abstract String id();

  /** Gets ready to run, unless the task cannot run on a model of this shape. */
  abstract void start(ModelConfig config) throws EngineException;

  /** Adds a started task to those that run. */
  abstract void join(ModelGroup group);

  /** Ends the task with {@code failure}, unless it ended before. */
  abstract void failed(EngineException failure);

  /** Lets go of what the task holds; called once, whatever ended it, started or not. */
  abstract void release();

  @Override
  public final void cancel() {
    cancelled = true;
  }

  final boolean cancelled() {
    return cancelled;
  }

  /** Whether the task has waited or run too long by {@code now}. */
  final boolean late(Instant now) {
    return deadline != null && !now.isBefore(deadline);
  }

  final boolean ended() {
    return ended;
  }

  /** Ends the task with its terminal callback, unless it ended before. */
  final void end(Runnable callback) {
    if (ended) {
      return;
    }
    leave();
    tell(callback);
  }

  private void leave() {
    ended = true;
    release();
    onEnd.run();
  }

  /** One task's broken listener must not stop the engine. */
  final void tell(Runnable callback) {
    try {
      callback.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "task=" + id() + " its listener failed; the task is dropped", e);
      if (!ended) {
        leave();
      }
    }
  }
}
