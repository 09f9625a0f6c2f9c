package dev.unmask.model.engine;

import java.time.Duration;

/**
 * Divides a device's memory between the weights of models and the tasks that run on them: tasks may
 * need what weights leave. Thread-safe; the engine asks and tells, whoever loads models reserves.
 */
public final class DeviceMemory implements MemoryBudget {

  private final String device;
  private final long usable;
  private long weights;
  private long needed;

  /**
   * All of a device that this process may use.
   *
   * @param device for messages
   * @param usable bytes for weights and tasks together
   */
  public DeviceMemory(String device, long usable) {
    this.device = device;
    this.usable = usable;
  }

  /** Bytes for weights and tasks together. */
  public long usable() {
    return usable;
  }

  @Override
  public synchronized long bytes() {
    return Math.max(1, usable - weights);
  }

  @Override
  public synchronized void needed(long bytes) {
    needed = bytes;
    notifyAll();
  }

  /**
   * Takes memory for weights that are about to be loaded: no task gets it any more, and it is there
   * once those that run fit beside it.
   *
   * @param patience longest wait for that
   * @throws NoRoomException with the numbers, when it will not or did not get free
   */
  public synchronized void reserve(long bytes, Duration patience)
      throws NoRoomException, InterruptedException {
    if (weights + bytes >= usable) {
      throw new NoRoomException(
          "the weights need %s, but of the %s that %s gives this process %s are taken by other weights; serve fewer models, or a smaller one"
              .formatted(megabytes(bytes), megabytes(usable), device, megabytes(weights)));
    }
    weights += bytes;
    long end = System.nanoTime() + patience.toNanos();
    boolean fits = false;
    try {
      while (weights + needed > usable) {
        long millis = (end - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
          throw new NoRoomException(
              "the weights need %s of %s, but running requests held %s for %d s; try again later"
                  .formatted(megabytes(bytes), device, megabytes(needed), patience.toSeconds()));
        }
        wait(millis);
      }
      fits = true;
    } finally {
      if (!fits) {
        weights -= bytes;
      }
    }
  }

  /** Gives back what {@link #reserve} took, when those weights are gone. */
  public synchronized void release(long bytes) {
    weights -= bytes;
  }

  private static String megabytes(long bytes) {
    return Math.ceilDiv(bytes, 1 << 20) + " MB";
  }

  /** There is no memory for a model; the message says the numbers. */
  public static final class NoRoomException extends Exception {

    private static final long serialVersionUID = 1L;

    NoRoomException(String message) {
      super(message);
    }
  }
}
