package dev.unmask.sft.job;

import java.util.List;

/**
 * A probe and what the model said.
 *
 * @param trace how the canvas was filled, step by step; empty where nobody watched
 */
public record Answer(String prompt, String text, List<UnmaskingStep> trace) {

  /**
   * The slots of the canvas that a step committed.
   *
   * @param tokens the text of each slot
   */
  public record UnmaskingStep(List<Integer> slots, List<String> tokens) {
    public UnmaskingStep {
      slots = List.copyOf(slots);
      tokens = List.copyOf(tokens);
    }
  }

  public Answer {
    trace = List.copyOf(trace);
  }

  /** An answer without its trace. */
  public Answer(String prompt, String text) {
    this(prompt, text, List.of());
  }
}
