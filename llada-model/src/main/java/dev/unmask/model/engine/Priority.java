package dev.unmask.model.engine;

/** Whose waiting hurts more. Both kinds are served; see {@link EngineOptions#interactiveShare}. */
public enum Priority {
  /** Somebody waits for the answer. */
  INTERACTIVE,
  /** Work that only has to be done. */
  BULK
}
