package dev.unmask.cli.bench.reload;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A copy of a model whose matrices are a little different, so that it is another version that
 * answers about as well and, to some questions, differently.
 */
final class VariantModel {

  static final String WEIGHTS = "model.safetensors";
  private static final double STRENGTH = 0.05;

  private VariantModel() {}

  /** Writes the copy with the number {@code seed} into {@code target}, which must not exist. */
  static void write(Path source, Path target, long seed) throws IOException {
    Files.createDirectories(target);
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(
            file,
            target.resolve(file.getFileName().toString()),
            StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    Path weights = target.resolve(WEIGHTS);
    if (!Files.isRegularFile(weights)) {
      throw new CliException(
          source + " has no " + WEIGHTS + "; a model in one file is needed to make variants of it");
    }
    if (!weights.toFile().setWritable(true)) {
      throw new IOException(weights + " cannot be changed");
    }
    change(weights, new Random(seed));
  }

  private static void change(Path weights, Random random) throws IOException {
    try (FileChannel file =
        FileChannel.open(weights, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      readFully(file, length, 0);
      int header = Math.toIntExact(length.getLong(0));
      ByteBuffer text = ByteBuffer.allocate(header);
      readFully(file, text, Long.BYTES);
      JsonNode tensors = new ObjectMapper().readTree(text.array());
      for (JsonNode tensor : tensors) {
        if (tensor.path("shape").size() == 2) {
          long begin = tensor.path("data_offsets").path(0).asLong();
          long end = tensor.path("data_offsets").path(1).asLong();
          ByteBuffer numbers =
              file.map(FileChannel.MapMode.READ_WRITE, Long.BYTES + header + begin, end - begin)
                  .order(ByteOrder.LITTLE_ENDIAN);
          change(numbers, tensor.path("dtype").asText(), random);
        }
      }
    }
  }

  private static void readFully(FileChannel file, ByteBuffer into, long from) throws IOException {
    while (into.hasRemaining()) {
      if (file.read(into, from + into.position()) < 0) {
        throw new IOException("the file ends early");
      }
    }
  }

  private static void change(ByteBuffer numbers, String type, Random random) throws IOException {
    switch (type) {
      case "F32" -> {
        for (int i = 0; i < numbers.limit(); i += Float.BYTES) {
          numbers.putFloat(i, changed(numbers.getFloat(i), random));
        }
      }
      case "BF16" -> {
        for (int i = 0; i < numbers.limit(); i += Short.BYTES) {
          float value = Float.intBitsToFloat(numbers.getShort(i) << 16);
          numbers.putShort(i, (short) (Float.floatToIntBits(changed(value, random)) >>> 16));
        }
      }
      default ->
          throw new IOException(
              "weights of the type " + type + " are not changed; F32 or BF16 are");
    }
  }

  private static float changed(float value, Random random) {
    return value * (float) (1 + STRENGTH * (2 * random.nextDouble() - 1));
  }
}
