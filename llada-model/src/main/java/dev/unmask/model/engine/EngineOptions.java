package dev.unmask.model.engine;

import java.time.Duration;

/**
 * What an engine is told at its start.
 *
 * @param threadName of the engine thread
 * @param observer hears of every step
 */
public record EngineOptions(String threadName, StepObserver observer) {

  /** A step as metrics see it. */
  public record EngineStep(Duration duration, int tasks, int packedTokens, int askedRows) {}

  /** Hears of every step, on the engine thread: hands over and returns. */
  @FunctionalInterface
  public interface StepObserver {
    void onStep(EngineStep step);
  }

  /** Nobody listens. */
  public static EngineOptions defaults() {
    return new EngineOptions("denoising-engine", step -> {});
  }

  /** The same with an observer. */
  public EngineOptions withObserver(StepObserver newObserver) {
    return new EngineOptions(threadName, newObserver);
  }
}
