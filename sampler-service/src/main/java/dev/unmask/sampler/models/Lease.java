package dev.unmask.sampler.models;

import java.util.concurrent.atomic.AtomicBoolean;

/** A hold on a loaded model: it is not closed before the last lease is. Thread-safe. */
public final class Lease implements AutoCloseable {

  private final ServedModel model;
  private final Runnable release;
  private final AtomicBoolean open = new AtomicBoolean(true);

  Lease(ServedModel model, Runnable release) {
    this.model = model;
    this.release = release;
  }

  public ServedModel model() {
    return model;
  }

  /** Gives the model back. Further calls do nothing. */
  @Override
  public void close() {
    if (open.compareAndSet(true, false)) {
      release.run();
    }
  }
}
