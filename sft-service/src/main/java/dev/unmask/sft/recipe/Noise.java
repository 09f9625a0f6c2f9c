package dev.unmask.sft.recipe;

import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * LLaDA's noise (GUIDELINES.md of ML-GSAI/LLaDA): a time t for each row, uniform on (0, 1), then
 * every slot of the answer is masked by itself with probability {@code (1 - eps) t + eps}.
 *
 * @param seed fixes all draws together with the position
 * @param draws how the times are drawn
 * @param weight how masked slots count
 */
public record Noise(long seed, NoiseDraws draws, LossWeight weight) {

  /** The least probability of masking. */
  public static final double EPSILON = 1e-3;

  /**
   * Masks one batch that is a step by itself.
   *
   * @param position names the draw: the same position gives the same mask
   * @param length tokens of each row; rows are padded with {@code eos}, which counts as answer
   */
  public MaskedBatch mask(
      List<TrainingSample> rows, int length, int maskId, int eos, long position) {
    SplittableRandom random = Seeds.stream(seed, "noise", position);
    double[] times = draws.times(rows.size(), random);
    return mask(rows, Collections.nCopies(rows.size(), length), times, random, maskId, eos);
  }

  /**
   * Masks the batches of one optimizer step. The times are drawn over all rows together, and the
   * weights are such that the batches' losses and gradients add up to those of one large batch.
   *
   * @param position names the draw: the same position gives the same masks
   */
  public List<MaskedBatch> mask(List<BatchStream.Rows> step, int maskId, int eos, long position) {
    SplittableRandom random = Seeds.stream(seed, "noise", position);
    int rows = step.stream().mapToInt(batch -> batch.samples().size()).sum();
    double[] times = draws.times(rows, random);
    List<MaskedBatch> masked = new ArrayList<>();
    int from = 0;
    for (BatchStream.Rows batch : step) {
      int to = from + batch.samples().size();
      double[] part = Arrays.copyOfRange(times, from, to);
      masked.add(mask(batch.samples(), batch.lengths(), part, random, maskId, eos));
      from = to;
    }
    return step.size() == 1 ? masked : asParts(step, masked, rows);
  }

  private List<MaskedBatch> asParts(
      List<BatchStream.Rows> step, List<MaskedBatch> masked, int rows) {
    double slots = masked.stream().mapToInt(batch -> batch.slots().length).sum();
    List<MaskedBatch> parts = new ArrayList<>();
    for (int i = 0; i < masked.size(); i++) {
      MaskedBatch batch = masked.get(i);
      double share =
          switch (weight) {
            case INVERSE_T -> step.get(i).samples().size() / (double) rows;
            case UNIFORM -> slots == 0 ? 0 : batch.slots().length / slots;
          };
      parts.add(batch.weighted(share));
    }
    return parts;
  }

  private MaskedBatch mask(
      List<TrainingSample> rows,
      List<Integer> padded,
      double[] times,
      SplittableRandom random,
      int maskId,
      int eos) {
    int count = rows.size();
    int[] lengths = padded.stream().mapToInt(Integer::intValue).toArray();
    double[] probabilities = new double[count];
    long[] clean = new long[Arrays.stream(lengths).sum()];
    int[] prompts = new int[count];
    BitSet masked = new BitSet(clean.length);
    int begin = 0;
    for (int r = 0; r < count; r++) {
      TrainingSample row = rows.get(r);
      probabilities[r] = (1 - EPSILON) * times[r] + EPSILON;
      prompts[r] = row.promptLength();
      for (int i = 0; i < lengths[r]; i++) {
        clean[begin + i] = i < row.length() ? row.ids()[i] : eos;
        if (i >= row.promptLength() && random.nextDouble() < probabilities[r]) {
          masked.set(begin + i);
        }
      }
      begin += lengths[r];
    }
    return MaskedBatch.of(lengths, clean, masked, probabilities, prompts, maskId, weight);
  }
}
