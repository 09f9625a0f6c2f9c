package dev.unmask.gateway.flow;

import dev.unmask.v1.ErrorCode;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Whether calls are let in at all. One writer (the lifecycle), read from any thread. */
public final class Gate {

  private enum State {
    STARTING,
    OPEN,
    DRAINING
  }

  private final Duration retryAfter;
  private volatile State state = State.STARTING;
  private volatile boolean paused;

  public Gate(Duration retryAfter) {
    this.retryAfter = retryAfter;
  }

  /** Replies can be received and the cluster's state is known. A draining gate stays so. */
  public synchronized void open() {
    if (state == State.STARTING) {
      state = State.OPEN;
    }
  }

  /** Nothing new from now on. */
  public synchronized void drain() {
    state = State.DRAINING;
  }

  /** Whether generations and jobs are refused until further notice. */
  public void pause(boolean now) {
    paused = now;
  }

  /** For people: "starting", "open", "paused" or "draining". */
  public String name() {
    return state == State.OPEN && paused ? "paused" : state.name().toLowerCase(Locale.ROOT);
  }

  public boolean draining() {
    return state == State.DRAINING;
  }

  public boolean isOpen() {
    return state == State.OPEN;
  }

  /**
   * Lets a caller in who wants something done.
   *
   * @throws RefusedException UNAVAILABLE with a time to come back
   */
  public void enter() throws RefusedException {
    Refusal closed = closed().orElse(null);
    if (closed != null) {
      throw new RefusedException(closed);
    }
  }

  /**
   * Lets a caller in who only looks: also while the gateway drains.
   *
   * @throws RefusedException UNAVAILABLE with a time to come back
   */
  public void look() throws RefusedException {
    if (!draining()) {
      enter();
    }
  }

  /** Why no generation may begin now, if none may. */
  public Optional<Refusal> closedForGeneration() {
    return closed()
        .or(() ->
            paused
                ? Optional.of(
                    Refusal.temporary(
                        ErrorCode.ERROR_CODE_UNAVAILABLE,
                        "An operator has paused generation at this gateway.",
                        retryAfter))
                : Optional.empty());
  }

  /** Why nobody may enter now, if nobody may. */
  public Optional<Refusal> closed() {
    return switch (state) {
      case OPEN -> Optional.empty();
      case STARTING ->
          Optional.of(
              Refusal.temporary(
                  ErrorCode.ERROR_CODE_UNAVAILABLE,
                  "The gateway is starting: it has not read the cluster's state from Kafka yet.",
                  retryAfter));
      case DRAINING ->
          Optional.of(
              Refusal.temporary(
                  ErrorCode.ERROR_CODE_UNAVAILABLE,
                  "The gateway is shutting down and takes nothing new.",
                  retryAfter));
    };
  }
}
