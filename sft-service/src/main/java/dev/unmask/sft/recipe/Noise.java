package dev.unmask.sft.recipe;

import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * LLaDA's noise (GUIDELINES.md of ML-GSAI/LLaDA): a time t for each row, uniform on (0, 1), then
 * every slot of the answer is masked by itself with probability {@code (1 - eps) t + eps}.
 *
 * @param seed fixes all draws together with the position
 * @param stratified spreads the times of a batch evenly over (0, 1), which lowers the noise of the
 *     loss and keeps each row's time uniform
 * @param weight how masked slots count
 */
public record Noise(long seed, boolean stratified, LossWeight weight) {

  /** The least probability of masking. */
  public static final double EPSILON = 1e-3;

  /**
   * Masks a batch.
   *
   * @param position names the draw: the same position gives the same mask
   * @param length tokens of each row; rows are padded with {@code eos}, which counts as answer
   */
  public MaskedBatch mask(
      List<TrainingSample> rows, int length, int maskId, int eos, long position) {
    SplittableRandom random = Seeds.stream(seed, "noise", position);
    int count = rows.size();
    double[] probabilities = probabilities(count, random);
    long[] clean = new long[count * length];
    int[] prompts = new int[count];
    BitSet masked = new BitSet(clean.length);
    for (int r = 0; r < count; r++) {
      TrainingSample row = rows.get(r);
      prompts[r] = row.promptLength();
      for (int i = 0; i < length; i++) {
        clean[r * length + i] = i < row.length() ? row.ids()[i] : eos;
        if (i >= row.promptLength() && random.nextDouble() < probabilities[r]) {
          masked.set(r * length + i);
        }
      }
    }
    return MaskedBatch.of(clean, masked, probabilities, prompts, maskId, weight);
  }

  private double[] probabilities(int count, SplittableRandom random) {
    double[] p = new double[count];
    double offset = random.nextDouble();
    for (int r = 0; r < count; r++) {
      double t = stratified ? (offset + r) / count : random.nextDouble();
      p[r] = (1 - EPSILON) * t + EPSILON;
    }
    if (stratified) {
      // Rows of a batch are sorted by length; without this the longest would always get the largest
      // time.
      for (int i = count - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        double swap = p[i];
        p[i] = p[j];
        p[j] = swap;
      }
    }
    return p;
  }
}
