package dev.unmask.model.transformer;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * Writes a model folder with random weights: for soaks, benchmarks and tests, which need a network
 * of a given shape and not a good one.
 */
public final class RandomModel {

  private RandomModel() {}

  /**
   * Writes config.json and model.safetensors. Matrices are normal with deviation {@code gain /
   * sqrt(columns)}, norms are one, biases normal with deviation 0.1.
   *
   * @param gain 1 keeps activations near one; more makes sharper choices
   */
  public static void write(
      Path folder, ModelConfig config, ElementType type, double gain, long seed)
      throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve(ModelConfig.FILE_NAME),
        config.toJson(type == ElementType.BF16 ? "bfloat16" : "float32"));
    Random random = new Random(seed);
    SafetensorsWriter writer = new SafetensorsWriter();
    for (WeightTable.Weight weight : WeightTable.of(config)) {
      long[] shape = weight.dimensions();
      writer.add(weight.name(), type, shape, () -> values(weight, shape, gain, random));
    }
    writer.write(folder.resolve(SafetensorsDirectory.SINGLE_FILE));
  }

  private static float[] values(
      WeightTable.Weight weight, long[] shape, double gain, Random random) {
    float[] values = new float[(int) LongStream.of(shape).reduce(1, (a, b) -> a * b)];
    double deviation =
        weight.role().isBias() ? 0.1 : gain / Math.sqrt((double) shape[shape.length - 1]);
    for (int i = 0; i < values.length; i++) {
      values[i] = weight.isNorm() ? 1 : (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
