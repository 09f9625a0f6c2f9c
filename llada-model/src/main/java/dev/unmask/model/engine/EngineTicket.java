package dev.unmask.model.engine;

/** A submitted task's handle. */
public interface EngineTicket {

  /**
   * Asks for the end of the task; any thread, any number of times. It takes effect between two
   * steps as {@code onFailed(CANCELLED)}, unless the task ended before.
   */
  void cancel();
}
