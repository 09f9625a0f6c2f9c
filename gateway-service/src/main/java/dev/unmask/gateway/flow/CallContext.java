package dev.unmask.gateway.flow;

import java.time.Duration;

/** The one place where a call's state is touched: tasks given to it run one after another. */
public interface CallContext {

  /** Runs {@code task} on this context, after what was given before. Any thread. */
  void execute(Runnable task);

  /** Runs {@code task} on this context after {@code delay}. Called on this context. */
  Timer after(Duration delay, Runnable task);

  /** A task that is still to come. */
  interface Timer {

    /** Called on the context; does nothing once the task has run. */
    void cancel();
  }
}
