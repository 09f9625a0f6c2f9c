package dev.unmask.testkit;

import java.util.Arrays;
import java.util.Random;

/** A named tensor on its way to a file; {@code values} in row-major order. */
@SuppressWarnings("ArrayRecordComponent") // Never compared, and a copy would cost for nothing.
record TinyTensor(String name, int[] shape, float[] values) {

  static TinyTensor ones(String name, int length) {
    float[] values = new float[length];
    Arrays.fill(values, 1);
    return new TinyTensor(name, new int[] {length}, values);
  }

  static TinyTensor normal(String name, Random random, int rows, int columns, double deviation) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return new TinyTensor(name, new int[] {rows, columns}, values);
  }
}
