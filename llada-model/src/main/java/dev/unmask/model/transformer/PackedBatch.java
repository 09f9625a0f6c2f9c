package dev.unmask.model.transformer;

import java.util.Arrays;

/**
 * The input of one forward pass: several sequences of different lengths, one after the other
 * without padding, and the rows whose logits are wanted. Not thread-safe while it is being filled.
 */
public final class PackedBatch {

  private long[] ids = new long[256];
  private int tokens;
  private long[] lengths = new long[16];
  private int sequences;
  private long[] rows = new long[64];
  private int asked;

  /**
   * Adds a sequence.
   *
   * @param sequence token ids
   * @param slots positions inside the sequence whose logits are wanted, in the order wanted
   * @return the index of this sequence's first row in the logits; its rows are consecutive
   */
  public int add(int[] sequence, int[] slots) {
    if (sequence.length == 0) {
      throw new IllegalArgumentException("a sequence needs at least one token");
    }
    int start = tokens;
    ids = grown(ids, tokens + sequence.length);
    for (int id : sequence) {
      ids[tokens++] = id;
    }
    lengths = grown(lengths, sequences + 1);
    lengths[sequences++] = sequence.length;
    int first = asked;
    rows = grown(rows, asked + slots.length);
    for (int slot : slots) {
      if (slot < 0 || slot >= sequence.length) {
        throw new IllegalArgumentException(
            "slot " + slot + " is not in a sequence of " + sequence.length + " tokens");
      }
      rows[asked++] = start + (long) slot;
    }
    return first;
  }

  /** All token ids, packed. */
  public long[] ids() {
    return Arrays.copyOf(ids, tokens);
  }

  /** The length of each sequence. */
  public long[] lengths() {
    return Arrays.copyOf(lengths, sequences);
  }

  /** The packed positions whose logits are wanted. */
  public long[] rows() {
    return Arrays.copyOf(rows, asked);
  }

  public int tokens() {
    return tokens;
  }

  public int sequences() {
    return sequences;
  }

  public int askedRows() {
    return asked;
  }

  private static long[] grown(long[] array, int needed) {
    return needed <= array.length
        ? array
        : Arrays.copyOf(array, Math.max(needed, 2 * array.length));
  }
}
