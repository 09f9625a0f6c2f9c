package dev.unmask.model.likelihood;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Which slots of the answer each row masks. */
public sealed interface MaskDraws {

  /**
   * One masked copy of the answer.
   *
   * @param slots of the answer, ascending, at least one; the prompt does not count
   * @param weight the factor of the row's log-probabilities: L over the number of masked slots
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  record MaskedRow(int[] slots, double weight) {}

  /**
   * The masks of a row.
   *
   * @param row from 0
   * @param batch rows that share their strata
   * @param length slots of the answer
   */
  MaskedRow row(int row, int batch, int length);

  /**
   * The reference's law: each batch draws k uniformly from 1..L, its rows mask numbers of slots
   * that lie L/batch apart from k on ({@link Strata}), and which slots is uniform. A row depends on
   * the seed and its number only, so equal seeds mask answers of equal length alike.
   */
  record Seeded(long seed) implements MaskDraws {

    private static final long STRATA = 0x9E3779B97F4A7C15L;
    private static final long SLOTS = 0xD1B54A32D192ED03L;

    @Override
    public MaskedRow row(int row, int batch, int length) {
      int first = 1 + stream(STRATA, row / batch).nextInt(length);
      int count = Strata.masked(first, row % batch, batch, length);
      SplittableRandom random = stream(SLOTS, row);
      int[] order = new int[length];
      Arrays.setAll(order, i -> i);
      for (int i = 0; i < count; i++) {
        int j = i + random.nextInt(length - i);
        int swap = order[i];
        order[i] = order[j];
        order[j] = swap;
      }
      int[] slots = Arrays.copyOf(order, count);
      Arrays.sort(slots);
      return new MaskedRow(slots, (double) length / count);
    }

    private SplittableRandom stream(long kind, long index) {
      return new SplittableRandom(mix(mix(seed ^ kind) + mix(index ^ kind)));
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
    private static long mix(long z) {
      long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
      return b ^ (b >>> 31);
    }
  }

  /** Rows that someone else drew, or all there are. */
  record Recorded(List<MaskedRow> rows) implements MaskDraws {

    public Recorded {
      rows = List.copyOf(rows);
    }

    @Override
    public MaskedRow row(int row, int batch, int length) {
      return rows.get(row);
    }
  }
}
