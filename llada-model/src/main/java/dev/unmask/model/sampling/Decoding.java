package dev.unmask.model.sampling;

/** How many slots a step commits, and by what order. */
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

  /**
   * The largest n of the most confident slots for which (n + 1)(1 - c_n) stays below a factor, at
   * least one: the surer the slots, the more of them together (Fast-dLLM, section 3.3 and theorem
   * 1, where a factor of 1 is the bound that makes parallel and sequential choice the same).
   *
   * @param factor above 0
   */
  record Factor(double factor) implements Decoding {}

  /**
   * The most slots of lowest entropy for which the sum of their entropies less the largest of them
   * stays within a bound, in nats (Ben-Hamu et al., EB-Sampler, arXiv 2505.24857); at least one.
   *
   * @param gamma 0 or more; 0 commits together only what is certain
   */
  record EntropyBound(double gamma) implements Decoding {}

  /**
   * Dream's sampler (HKUNLP/Dream, generation_utils.py): times go down evenly from 1 to 0.001; the
   * step from t to s commits the whole part of (1 - s/t) of the masked slots, the last step all.
   * Each block has its own run of times and its share of the steps.
   *
   * @param steps for the whole canvas
   * @param algorithm by what order
   * @param drawTemperature Dream's alg_temp: 0 commits the best slots; above, slots are drawn
   *     without replacement from the softmax of confidence / drawTemperature
   */
  record Dream(int steps, DreamAlgorithm algorithm, double drawTemperature) implements Decoding {}
}
