package dev.unmask.model.likelihood;

/**
 * How many slots each row of a batch masks: the first row k, the others spread evenly over the
 * answer's length, around its end to its beginning.
 */
final class Strata {

  private Strata() {}

  /**
   * The reference's {@code round(linspace(k, k + (b-1) L/b, b))[row]}, brought into 1..L. Computed
   * in whole numbers, with halves to the even neighbour; the reference's float32 gives the same
   * whenever the batch is a power of two.
   *
   * <p>When {@code row * L / b} is a half, rounding to even means that this row masks an even
   * number of slots for every k (the reference does so too). The estimate's expectation is then Eq.
   * 6 with slightly uneven weights on the numbers of masks; with a batch that divides L, or a batch
   * of 1, every number is equally likely in every row.
   *
   * @param first k, from 1 to {@code length}
   * @param row from 0 to {@code batch - 1}
   * @param length L, slots of the answer
   */
  static int masked(int first, int row, int batch, int length) {
    long numerator = (long) row * length;
    long floor = first + numerator / batch;
    long twice = 2 * (numerator % batch);
    long rounded = twice < batch || (twice == batch && floor % 2 == 0) ? floor : floor + 1;
    return (int) ((rounded - 1) % length) + 1;
  }
}
