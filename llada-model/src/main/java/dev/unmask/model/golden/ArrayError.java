package dev.unmask.model.golden;

/** The error measure of the golden cases. */
public final class ArrayError {

  private ArrayError() {}

  /**
   * max|got - expected| / max|expected|; NaN when either holds one, infinite when lengths differ.
   */
  public static double relative(float[] got, float[] expected) {
    if (got.length != expected.length) {
      return Double.POSITIVE_INFINITY;
    }
    double most = 0;
    double scale = 0;
    for (int i = 0; i < got.length; i++) {
      // Math.max keeps NaN.
      most = Math.max(most, Math.abs((double) got[i] - expected[i]));
      scale = Math.max(scale, Math.abs((double) expected[i]));
    }
    return most / scale;
  }
}
