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
}
