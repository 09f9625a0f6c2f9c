package dev.unmask.gateway.flow.jobs;

import java.util.function.BooleanSupplier;

/** Runs something once, the first time that a condition holds. Any thread. */
final class Once implements Runnable {

  private final Runnable task;
  private final BooleanSupplier when;
  private boolean done; // guarded by this

  Once(Runnable task, BooleanSupplier when) {
    this.task = task;
    this.when = when;
  }

  @Override
  public void run() {
    synchronized (this) {
      if (done || !when.getAsBoolean()) {
        return;
      }
      done = true;
    }
    task.run();
  }
}
