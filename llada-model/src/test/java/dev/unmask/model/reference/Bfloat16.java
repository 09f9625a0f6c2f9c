package dev.unmask.model.reference;

/** bfloat16 arithmetic by its definition: every result rounded to the nearest, ties to even. */
public final class Bfloat16 {

  private Bfloat16() {}

  /** The nearest bfloat16 of a finite number. */
  public static float round(double value) {
    // Products and sums of two bfloat16 numbers are rounded once only if the way over float32 does
    // not round: 24 bits hold a product of two 8-bit significands.
    int bits = Float.floatToIntBits((float) value);
    int upper = bits >>> 16;
    int lower = bits & 0xffff;
    if (lower > 0x8000 || (lower == 0x8000 && (upper & 1) == 1)) {
      upper++;
    }
    return Float.intBitsToFloat(upper << 16);
  }

  /**
   * RMSNorm as LLaDA's code has it: the variance in float32, the result back to bfloat16, and only
   * then times the weight.
   */
  public static float[] rmsNorm(float[] x, float[] weight, double epsilon) {
    float scale = scale(x, epsilon);
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = round((double) round((double) x[i] * scale) * weight[i]);
    }
    return y;
  }

  /** The tempting other order: times the weight first, rounded once. */
  public static float[] rmsNormRoundedOnce(float[] x, float[] weight, double epsilon) {
    float scale = scale(x, epsilon);
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = round((double) x[i] * scale * weight[i]);
    }
    return y;
  }

  private static float scale(float[] x, double epsilon) {
    double squares = 0;
    for (float value : x) {
      squares += (double) value * value;
    }
    return (float) (1 / Math.sqrt(squares / x.length + epsilon));
  }

  /** A head turned with cosines and sines rounded to bfloat16, and every step too (iLLaDA). */
  public static float[] rotatedInBfloat16(float[] x, int position, double theta) {
    int half = x.length / 2;
    float[] y = new float[x.length];
    for (int i = 0; i < half; i++) {
      double angle = position * Math.pow(theta, -1.0 * i / half);
      float cos = round(Math.cos(angle));
      float sin = round(Math.sin(angle));
      y[i] = round(round((double) x[i] * cos) - (double) round((double) x[half + i] * sin));
      y[half + i] = round(round((double) x[half + i] * cos) + (double) round((double) x[i] * sin));
    }
    return y;
  }

  /** A head turned in float32 and rounded at the end (LLaDA). */
  public static float[] rotatedInFloat32(float[] x, int position, double theta) {
    int half = x.length / 2;
    float[] y = new float[x.length];
    for (int i = 0; i < half; i++) {
      double angle = position * Math.pow(theta, -1.0 * i / half);
      float cos = (float) Math.cos(angle);
      float sin = (float) Math.sin(angle);
      y[i] = round(x[i] * cos - x[half + i] * sin);
      y[half + i] = round(x[half + i] * cos + x[i] * sin);
    }
    return y;
  }
}
