package dev.unmask.model.training;

/** W + s B A, for writing a model without its adapter. */
final class LowRankProduct {

  private LowRankProduct() {}

  /**
   * Adds {@code scale * B A} to {@code values} in place. Sums run in float64 and each weight is
   * rounded once.
   *
   * @param values {@code [out, in]}
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   */
  static void add(float[] values, float[] a, float[] b, int rank, double scale) {
    int in = a.length / rank;
    int out = b.length / rank;
    double[] row = new double[in];
    for (int o = 0; o < out; o++) {
      java.util.Arrays.fill(row, 0);
      for (int r = 0; r < rank; r++) {
        double factor = scale * b[o * rank + r];
        int from = r * in;
        for (int i = 0; i < in; i++) {
          row[i] += factor * a[from + i];
        }
      }
      int from = o * in;
      for (int i = 0; i < in; i++) {
        values[from + i] = (float) (values[from + i] + row[i]);
      }
    }
  }
}
