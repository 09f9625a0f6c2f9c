package dev.unmask.model.training;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A batch after noise: what the network sees, which slots it must predict, and how much each
 * counts. Its sequences stand one after the other without padding; each sees only itself.
 *
 * @param lengths tokens of each sequence; neighbours of one length share an attention
 * @param ids sequence after sequence; masked slots hold the mask id
 * @param slots masked slots, as indices into {@code ids}, ascending
 * @param targets the true token of each masked slot
 * @param weights the factor of each masked slot's cross-entropy in the loss
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; made once for each step.
public record MaskedBatch(
    int[] lengths, long[] ids, long[] slots, long[] targets, float[] weights) {

  /** Sequences of one length. */
  public MaskedBatch(
      int rows, int length, long[] ids, long[] slots, long[] targets, float[] weights) {
    this(same(rows, length), ids, slots, targets, weights);
  }

  private static int[] same(int rows, int length) {
    int[] lengths = new int[rows];
    Arrays.fill(lengths, length);
    return lengths;
  }

  /** Sequences. */
  public int rows() {
    return lengths.length;
  }

  /** Tokens of the longest sequence. */
  public int length() {
    return Arrays.stream(lengths).max().orElse(0);
  }

  /**
   * Masks a batch. The mask is explicit: a mask id that stands in the data by itself is neither
   * predicted nor counted.
   *
   * @param clean the true tokens, row after row
   * @param masked which of them are masked; no slot of a prompt may be
   * @param probabilities each row's probability of masking a slot
   * @param promptLengths tokens of each row that can never be masked; zeros for pre-training
   */
  public static MaskedBatch of(
      long[] clean,
      BitSet masked,
      double[] probabilities,
      int[] promptLengths,
      long maskId,
      LossWeight weight) {
    int rows = probabilities.length;
    int length = clean.length / rows;
    if (rows * length != clean.length) {
      throw new IllegalArgumentException(
          clean.length + " tokens are not " + rows + " rows of one length");
    }
    return of(same(rows, length), clean, masked, probabilities, promptLengths, maskId, weight);
  }

  /** The same for sequences of different lengths, one after the other. */
  public static MaskedBatch of(
      int[] lengths,
      long[] clean,
      BitSet masked,
      double[] probabilities,
      int[] promptLengths,
      long maskId,
      LossWeight weight) {
    int rows = lengths.length;
    if (Arrays.stream(lengths).sum() != clean.length
        || promptLengths.length != rows
        || probabilities.length != rows) {
      throw new IllegalArgumentException(
          clean.length + " tokens are not " + rows + " sequences with their prompts and times");
    }
    int count = masked.cardinality();
    long[] ids = clean.clone();
    long[] slots = new long[count];
    long[] targets = new long[count];
    float[] weights = new float[count];
    int n = 0;
    int begin = 0;
    for (int row = 0; row < rows; row++) {
      int end = begin + lengths[row];
      int answer = lengths[row] - promptLengths[row];
      for (int slot = masked.nextSetBit(begin);
          slot >= 0 && slot < end;
          slot = masked.nextSetBit(slot + 1)) {
        if (slot - begin < promptLengths[row]) {
          throw new IllegalArgumentException("slot " + slot + " is masked but belongs to a prompt");
        }
        ids[slot] = maskId;
        slots[n] = slot;
        targets[n] = clean[slot];
        weights[n] =
            (float)
                switch (weight) {
                  case INVERSE_T -> 1 / (probabilities[row] * answer * rows);
                  case UNIFORM -> 1.0 / count;
                };
        n++;
      }
      begin = end;
    }
    return new MaskedBatch(lengths, ids, slots, targets, weights);
  }

  /**
   * The batch of the autoregressive baseline: nothing is masked, every token of an answer is to be
   * predicted from those before it, and a row's loss is the mean over its answer. For models of
   * {@link dev.unmask.model.config.Layout#AUTOREGRESSIVE} only: any other sees the token it should
   * predict.
   *
   * @param clean the tokens, row after row
   * @param promptLengths tokens of each row that are not predicted, at least 1: nothing stands
   *     before a row's first token
   */
  public static MaskedBatch nextToken(long[] clean, int[] promptLengths) {
    int rows = promptLengths.length;
    int length = clean.length / rows;
    if (rows * length != clean.length) {
      throw new IllegalArgumentException(
          clean.length + " tokens are not " + rows + " rows of one length");
    }
    BitSet predicted = new BitSet(clean.length);
    for (int row = 0; row < rows; row++) {
      if (promptLengths[row] < 1 || promptLengths[row] > length) {
        throw new IllegalArgumentException(
            "a prompt of " + promptLengths[row] + " tokens in a row of " + length);
      }
      predicted.set(row * length + promptLengths[row], (row + 1) * length);
    }
    long[] slots = predicted.stream().asLongStream().toArray();
    long[] targets = new long[slots.length];
    float[] weights = new float[slots.length];
    for (int i = 0; i < slots.length; i++) {
      int row = (int) (slots[i] / length);
      targets[i] = clean[(int) slots[i]];
      weights[i] = (float) (1.0 / ((length - promptLengths[row]) * (double) rows));
    }
    return new MaskedBatch(rows, length, clean.clone(), slots, targets, weights);
  }

  /**
   * Several batches as one, whose loss is the sum of theirs. Sequences keep their order, and with
   * it the order of the slots.
   */
  public static MaskedBatch together(List<MaskedBatch> batches) {
    int[] lengths = batches.stream().flatMapToInt(b -> Arrays.stream(b.lengths)).toArray();
    long[] ids = batches.stream().flatMapToLong(b -> Arrays.stream(b.ids)).toArray();
    long[] targets = batches.stream().flatMapToLong(b -> Arrays.stream(b.targets)).toArray();
    long[] slots = new long[targets.length];
    float[] weights = new float[targets.length];
    int n = 0;
    long begin = 0;
    for (MaskedBatch batch : batches) {
      for (int i = 0; i < batch.slots.length; i++) {
        slots[n] = begin + batch.slots[i];
        weights[n++] = batch.weights[i];
      }
      begin += batch.ids.length;
    }
    return new MaskedBatch(lengths, ids, slots, targets, weights);
  }

  /**
   * The same batch with ids {@code first, first + 1, ...} before each sequence: {@code count}
   * virtual tokens, which are neither masked nor predicted.
   */
  MaskedBatch behind(int count, long first) {
    long[] moved = new long[ids.length + rows() * count];
    long[] places = new long[slots.length];
    int[] longer = new int[rows()];
    int begin = 0;
    int n = 0;
    for (int row = 0; row < rows(); row++) {
      int shifted = begin + row * count;
      for (int i = 0; i < count; i++) {
        moved[shifted + i] = first + i;
      }
      System.arraycopy(ids, begin, moved, shifted + count, lengths[row]);
      begin += lengths[row];
      for (; n < slots.length && slots[n] < begin; n++) {
        places[n] = slots[n] + (row + 1L) * count;
      }
      longer[row] = lengths[row] + count;
    }
    return new MaskedBatch(longer, moved, places, targets, weights);
  }

  /** This batch with its loss multiplied by a factor, as one of several that make one update. */
  public MaskedBatch weighted(double factor) {
    float[] scaled = new float[weights.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) (weights[i] * factor);
    }
    return new MaskedBatch(lengths, ids, slots, targets, scaled);
  }

  /** Each token's place in its sequence. */
  long[] positions() {
    long[] positions = new long[ids.length];
    int n = 0;
    for (int length : lengths) {
      for (int i = 0; i < length; i++) {
        positions[n++] = i;
      }
    }
    return positions;
  }

  /** Runs of neighbours of one length: how many, how long, how many, ... */
  long[] runs() {
    long[] runs = new long[2 * rows()];
    int n = 0;
    for (int length : lengths) {
      if (n > 0 && runs[n - 1] == length) {
        runs[n - 2]++;
      } else {
        runs[n++] = 1;
        runs[n++] = length;
      }
    }
    return Arrays.copyOf(runs, n);
  }

  /**
   * The row of the network that predicts each slot: its own, or with a shift the one before it. The
   * first slot of a sequence has none before it and is predicted by its own.
   */
  long[] predicting(int shift) {
    if (shift == 0) {
      return slots;
    }
    long[] rows = new long[slots.length];
    int n = 0;
    long begin = 0;
    for (int length : lengths) {
      for (; n < slots.length && slots[n] < begin + length; n++) {
        rows[n] = Math.max(begin, slots[n] - 1);
      }
      begin += length;
    }
    return rows;
  }
}
