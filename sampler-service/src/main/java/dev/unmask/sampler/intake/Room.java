package dev.unmask.sampler.intake;

/** Whether this worker could run one more request now. Thread-safe; must not block. */
@FunctionalInterface
public interface Room {

  /** False while what was taken already waits for room; another worker should take the next. */
  boolean forOneMore();
}
