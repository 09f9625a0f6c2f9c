package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * A tensor that learns: a float32 master and its gradient. Same thread as its model, which owns the
 * memory.
 */
public final class TrainedTensor {

  private final String name;
  private final List<Long> shape;
  private final NDArray array;

  TrainedTensor(String name, List<Long> shape, NDArray array) {
    this.name = name;
    this.shape = List.copyOf(shape);
    this.array = array;
  }

  /** Its name in files. */
  public String name() {
    return name;
  }

  public List<Long> shape() {
    return shape;
  }

  /** Numbers in it. */
  public long size() {
    return array.size();
  }

  /** Whether it is a norm's or a bias's vector rather than a matrix. */
  public boolean isVector() {
    return shape.size() == 1;
  }

  /** A copy of its values. */
  public float[] values() {
    return array.toFloatArray();
  }

  /** A copy of its gradient; zeros before the first batch. */
  public float[] gradient() {
    if (!array.hasGradient()) {
      return new float[Math.toIntExact(array.size())];
    }
    try (NDArray gradient = array.getGradient()) {
      return gradient.toFloatArray();
    }
  }

  long[] dimensions() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  /** The master itself. */
  NDArray array() {
    return array;
  }
}
