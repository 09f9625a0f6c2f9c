package dev.unmask.model.sampling;

/** How many slots a step commits. */
public sealed interface Decoding {

  /**
   * A fixed number of steps, divided evenly over the blocks; each block's slots are divided evenly
   * over its steps, earlier steps taking the remainder (LLaDA's generate.py).
   *
   * @param steps for the whole canvas
   */
  record Quota(int steps) implements Decoding {}

  /**
   * Every slot at or above a confidence, and always the best one, until the block is full
   * (Fast-dLLM's parallel decoding).
   *
   * @param threshold from 0 (one step a block) to 1
   */
  record Threshold(double threshold) implements Decoding {}
}
