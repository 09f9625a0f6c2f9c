package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/**
 * The numbers that a step takes from Java, written one list behind the other into one buffer, so
 * that they cross over to a device in one transfer ({@link Transfer#send}). All are float64, which
 * holds every id, position and count exactly. Not thread-safe.
 */
public final class HostNumbers {

  /**
   * What arrived, in the order of writing.
   *
   * @param reals float64 {@code [size]}
   * @param wholes the same as int64
   */
  public record Sent(NDArray reals, NDArray wholes) {}

  private double[] numbers = new double[256];
  private int size;

  /** Appends a list and returns the index of its first number. */
  public int add(double... values) {
    int first = room(values.length);
    System.arraycopy(values, 0, numbers, first, values.length);
    return first;
  }

  /** {@link #add(double...)} of whole numbers below 2^53. */
  public int add(long... values) {
    int first = room(values.length);
    for (int i = 0; i < values.length; i++) {
      numbers[first + i] = values[i];
    }
    return first;
  }

  /** Numbers written so far. */
  public int size() {
    return size;
  }

  double[] numbers() {
    return Arrays.copyOf(numbers, size);
  }

  private int room(int count) {
    if (size + count > numbers.length) {
      numbers = Arrays.copyOf(numbers, Math.max(size + count, 2 * numbers.length));
    }
    int first = size;
    size += count;
    return first;
  }
}
