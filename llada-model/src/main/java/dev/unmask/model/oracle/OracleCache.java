package dev.unmask.model.oracle;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.KeyValueCache;

/** Keys and values as plain numbers, one array {@code [kv heads, length, head]} of each a layer. */
final class OracleCache implements KeyValueCache {

  private final int heads;
  private final int width;
  private final int length;
  private final float[][] numbers;

  OracleCache(ModelConfig config, int length) {
    this.heads = config.kvHeads();
    this.width = config.headWidth();
    this.length = length;
    this.numbers = new float[2 * config.layers()][heads * length * width];
  }

  /**
   * Writes {@code stretch}, {@code [kv heads, n, head]}, at the positions from {@code from} on and
   * returns the positions {@code [0, keys)}.
   */
  NDArray exchange(int array, NDArray stretch, int from, int keys) {
    int n = (int) stretch.getShape().get(1);
    float[] written = stretch.toFloatArray();
    float[] read = new float[heads * keys * width];
    for (int head = 0; head < heads; head++) {
      System.arraycopy(
          written, head * n * width, numbers[array], (head * length + from) * width, n * width);
      System.arraycopy(
          numbers[array], head * length * width, read, head * keys * width, keys * width);
    }
    return stretch.getManager().create(read, new Shape(heads, keys, width));
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public long bytes() {
    return 4L * numbers.length * heads * length * width;
  }

  @Override
  public void close() {}
}
