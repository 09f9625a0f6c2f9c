package dev.unmask.model.training;

import java.util.BitSet;

/**
 * A batch after noise: what the network sees, which slots it must predict, and how much each
 * counts.
 *
 * @param rows sequences
 * @param length tokens of each
 * @param ids row after row, {@code rows * length}; masked slots hold the mask id
 * @param slots masked slots, as indices into {@code ids}, ascending
 * @param targets the true token of each masked slot
 * @param weights the factor of each masked slot's cross-entropy in the loss
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; made once for each step.
public record MaskedBatch(
    int rows, int length, long[] ids, long[] slots, long[] targets, float[] weights) {

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
    if (rows * length != clean.length || promptLengths.length != rows) {
      throw new IllegalArgumentException(
          clean.length + " tokens are not " + rows + " rows of one length");
    }
    int count = masked.cardinality();
    long[] ids = clean.clone();
    long[] slots = new long[count];
    long[] targets = new long[count];
    float[] weights = new float[count];
    int n = 0;
    for (int slot = masked.nextSetBit(0); slot >= 0; slot = masked.nextSetBit(slot + 1)) {
      int row = slot / length;
      int answer = length - promptLengths[row];
      if (slot - row * length < promptLengths[row]) {
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
    return new MaskedBatch(rows, length, ids, slots, targets, weights);
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
   * The same batch with ids {@code first, first + 1, ...} before each row: {@code count} virtual
   * tokens, which are neither masked nor predicted.
   */
  MaskedBatch behind(int count, long first) {
    int longer = length + count;
    long[] moved = new long[rows * longer];
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < count; i++) {
        moved[row * longer + i] = first + i;
      }
      System.arraycopy(ids, row * length, moved, row * longer + count, length);
    }
    long[] places = new long[slots.length];
    for (int i = 0; i < places.length; i++) {
      places[i] = slots[i] + (slots[i] / length + 1) * count;
    }
    return new MaskedBatch(rows, longer, moved, places, targets, weights);
  }

  /** This batch with its loss multiplied by a factor, as one of several that make one update. */
  public MaskedBatch weighted(double factor) {
    float[] scaled = new float[weights.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) (weights[i] * factor);
    }
    return new MaskedBatch(rows, length, ids, slots, targets, scaled);
  }
}
