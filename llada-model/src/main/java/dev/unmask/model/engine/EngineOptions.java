package dev.unmask.model.engine;

import java.time.Duration;

/**
 * What an engine is told at its start.
 *
 * @param threadName of the engine thread
 * @param observer hears of every step
 * @param memory most memory that running tasks may need at their largest step where the model
 *     computes, weights not counted: caches, activations, logits. A task that needs more by itself
 *     is refused.
 * @param stepTokens most tokens packed into one forward pass; a task that needs more by itself runs
 *     alone
 * @param interactiveShare the part of the tokens that interactive tasks get while both kinds wait,
 *     above 0 and below 1
 */
public record EngineOptions(
    String threadName,
    StepObserver observer,
    MemoryBudget memory,
    int stepTokens,
    double interactiveShare) {

  /**
   * Enough for a batch that reaches the processor's matrix rate, with a step of bearable length.
   */
  public static final int USUAL_STEP_TOKENS = 16_384;

  /** Bulk work goes on under interactive load, at a fifth of the speed. */
  public static final double USUAL_INTERACTIVE_SHARE = 0.8;

  /** Checks the numbers. */
  public EngineOptions {
    if (stepTokens < 1) {
      throw new IllegalArgumentException("a step has at least 1 token");
    }
    if (!(interactiveShare > 0 && interactiveShare < 1)) {
      throw new IllegalArgumentException(
          "the interactive share is " + interactiveShare + "; it is above 0 and below 1");
    }
  }

  /** Memory without a limit and the usual numbers. */
  public EngineOptions(String threadName, StepObserver observer) {
    this(
        threadName,
        observer,
        MemoryBudget.of(Long.MAX_VALUE),
        USUAL_STEP_TOKENS,
        USUAL_INTERACTIVE_SHARE);
  }

  /**
   * A step as metrics see it.
   *
   * @param tasks that took part
   * @param packedTokens positions computed
   * @param usefulTokens those of them that an answer can depend on: not slots behind an answer's
   *     end, nor drafts that proved wrong
   * @param askedRows positions whose logits were computed
   */
  public record EngineStep(
      Duration duration, int tasks, int packedTokens, int usefulTokens, int askedRows) {}

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
    return new EngineOptions(threadName, newObserver, memory, stepTokens, interactiveShare);
  }

  /** The same with a memory budget that stays. */
  public EngineOptions withMemory(long bytes) {
    return withMemory(MemoryBudget.of(bytes));
  }

  /** The same with a memory budget. */
  public EngineOptions withMemory(MemoryBudget budget) {
    return new EngineOptions(threadName, observer, budget, stepTokens, interactiveShare);
  }

  /** The same with another size of a step. */
  public EngineOptions withStepTokens(int tokens) {
    return new EngineOptions(threadName, observer, memory, tokens, interactiveShare);
  }

  /** The same with another part for interactive tasks. */
  public EngineOptions withInteractiveShare(double share) {
    return new EngineOptions(threadName, observer, memory, stepTokens, share);
  }
}
