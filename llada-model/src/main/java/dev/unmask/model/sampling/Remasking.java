package dev.unmask.model.sampling;

/** Which predictions of a step are kept (the others stay masked). */
public enum Remasking {
  /** The most confident ones. */
  LOW_CONFIDENCE,
  /** Random ones: the paper's baseline. */
  RANDOM
}
