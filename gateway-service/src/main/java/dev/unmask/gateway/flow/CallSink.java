package dev.unmask.gateway.flow;

import dev.unmask.v1.GenerationEvent;

/**
 * Where a call's events go. All methods are called on the call's context; exactly one of {@link
 * #onAnswer} and {@link #onRefused} is called, once, last. Neither is called after the caller
 * cancelled.
 */
public interface CallSink {

  /** An event that is not the last. */
  void onEvent(GenerationEvent event);

  /**
   * The end of a call that succeeded.
   *
   * @param event with {@code final} for a generation, with {@code scored} for a score
   */
  void onAnswer(GenerationEvent event);

  /** The end of a call that did not. */
  void onRefused(Refusal refusal);
}
