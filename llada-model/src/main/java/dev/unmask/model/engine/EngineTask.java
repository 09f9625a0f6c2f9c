package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.transformer.MaskPredictor;
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

  private final MaskPredictor model;
  private final Runnable onEnd;
  private final Priority priority;
  private final @Nullable Instant deadline;
  private volatile boolean cancelled;
  private boolean ended;

  /**
   * A task.
   *
   * @param model as it was submitted: with its adapter, if it has one
   * @param onEnd runs once, before the terminal callback
   */
  EngineTask(MaskPredictor model, Priority priority, @Nullable Instant deadline, Runnable onEnd) {
    this.model = model;
    this.priority = priority;
    this.deadline = deadline;
    this.onEnd = onEnd;
  }

  /** Whom it asks. */
  final MaskPredictor model() {
    return model;
  }

  /** Whom it competes with. */
  public final Priority priority() {
    return priority;
  }

  /** For messages and logs. */
  abstract String id();

  /** Queues or starts the task, unless it cannot run on this model or in this memory. */
  abstract void arrive(ModelGroup group, Admission admission) throws EngineException;

  /** Ends the task with {@code failure}, unless it ended before. */
  abstract void failed(EngineException failure);

  /** Lets go of what the task holds; called once, whatever ended it, started or not. */
  abstract void release();

  @Override
  public final void cancel() {
    cancelled = true;
  }

  /** Ends the task if it was cancelled or its deadline has passed. */
  final void leaveIfUnwanted(Instant now) {
    if (cancelled) {
      failed(new EngineException(Reason.CANCELLED, "the request was cancelled"));
    } else if (deadline != null && !now.isBefore(deadline)) {
      failed(
          new EngineException(
              Reason.DEADLINE_EXCEEDED, "the deadline passed before the answer was complete"));
    }
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
