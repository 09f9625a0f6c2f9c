package dev.unmask.model.training;

import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * Two answers to one prompt, as tokens. Answers end with what ends an answer; there is no padding.
 *
 * @param chosen prompt and the better answer
 * @param rejected prompt and the other answer
 * @param promptLength tokens of the prompt, the same in both
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; made once for each step.
public record PreferencePair(int[] chosen, int[] rejected, int promptLength) {

  /** The least probability of masking a slot, as in LLaDA's training. */
  private static final double LEAST = 1e-3;

  public PreferencePair {
    if (promptLength >= Math.min(chosen.length, rejected.length)) {
      throw new IllegalArgumentException(
          "a prompt of "
              + promptLength
              + " tokens leaves no answer in rows of "
              + chosen.length
              + " and "
              + rejected.length);
    }
    if (!Arrays.equals(chosen, 0, promptLength, rejected, 0, promptLength)) {
      throw new IllegalArgumentException("the two answers do not have the same prompt");
    }
  }

  /** The draws of both answers: what policy and reference are asked, one and the same. */
  public record Draws(MaskedBatch chosen, MaskedBatch rejected) {}

  /**
   * {@code samples} times for each answer, one mask each. The times are stratified: the i-th of n
   * is uniform in the i-th n-th of (0, 1), so that their mean is unbiased and less noisy than with
   * independent ones.
   *
   * @param random of the run's stream; the draws depend on it alone
   */
  public Draws draw(int samples, int maskId, SplittableRandom random) {
    return new Draws(
        draw(chosen, samples, maskId, random), draw(rejected, samples, maskId, random));
  }

  private MaskedBatch draw(int[] row, int samples, int maskId, SplittableRandom random) {
    long[] clean = new long[samples * row.length];
    BitSet masked = new BitSet(clean.length);
    double[] probabilities = new double[samples];
    int[] prompts = new int[samples];
    Arrays.fill(prompts, promptLength);
    for (int i = 0; i < samples; i++) {
      double time = (i + random.nextDouble()) / samples;
      probabilities[i] = (1 - LEAST) * time + LEAST;
      for (int slot = 0; slot < row.length; slot++) {
        clean[i * row.length + slot] = row[slot];
        if (slot >= promptLength && random.nextDouble() < probabilities[i]) {
          masked.set(i * row.length + slot);
        }
      }
    }
    return MaskedBatch.of(clean, masked, probabilities, prompts, maskId, LossWeight.INVERSE_T);
  }

  /** Tokens of the chosen answer. */
  int chosenLength() {
    return chosen.length - promptLength;
  }

  /** Tokens of the rejected answer. */
  int rejectedLength() {
    return rejected.length - promptLength;
  }
}
