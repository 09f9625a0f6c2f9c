package dev.unmask.model.engine;

/** How much memory the running tasks of an engine may need together; any thread. */
public interface MemoryBudget {

  /** Bytes, now. */
  long bytes();

  /** The engine says before each step what its tasks need at most until the next time. */
  default void needed(long bytes) {}

  /**
   * A budget that stays.
   *
   * @param bytes at least 1
   */
  static MemoryBudget of(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("memory for tasks is at least 1 byte");
    }
    return () -> bytes;
  }
}
