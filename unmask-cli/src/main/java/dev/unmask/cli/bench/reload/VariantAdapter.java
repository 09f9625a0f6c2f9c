package dev.unmask.cli.bench.reload;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A low-rank adapter, in PEFT's two files, beside the query and value matrices of every block of a
 * model: random, and strong enough that some answers are others.
 */
final class VariantAdapter {

  private static final int RANK = 8;

  /** Beside matrices whose numbers are about one over the root of the width. */
  private static final double STRENGTH = 0.03;

  private static final List<String> TARGETS = List.of("q_proj", "v_proj");

  private static final ObjectMapper JSON = new ObjectMapper();

  private VariantAdapter() {}

  private record Matrix(String name, int rows, int columns, double scale) {}

  /** Writes the adapter with the number {@code seed} into {@code target}, which must not exist. */
  static void write(Path source, Path target, long seed) throws IOException {
    Files.createDirectories(target);
    List<Matrix> matrices = new ArrayList<>();
    ObjectNode config = JSON.createObjectNode();
    config.put("peft_type", "LORA").put("r", RANK).put("lora_alpha", RANK).put("bias", "none");
    ArrayNode modules = config.putArray("target_modules");
    for (Map.Entry<String, JsonNode> shape : shapes(source).entrySet()) {
      String module = shape.getKey();
      int out = shape.getValue().path(0).asInt();
      int in = shape.getValue().path(1).asInt();
      modules.add(module);
      String name = "base_model.model." + module;
      matrices.add(new Matrix(name + ".lora_A.weight", RANK, in, 1 / Math.sqrt(in)));
      matrices.add(new Matrix(name + ".lora_B.weight", out, RANK, STRENGTH));
    }
    JSON.writeValue(target.resolve("adapter_config.json").toFile(), config);
    write(target.resolve("adapter_model.safetensors"), matrices, new Random(seed));
  }

  /** Of the matrices beside which there are thin ones, by their modules' names. */
  private static Map<String, JsonNode> shapes(Path source) throws IOException {
    Map<String, JsonNode> shapes = new TreeMap<>();
    Path weights = source.resolve(VariantModel.WEIGHTS);
    try (DataInputStream file = new DataInputStream(Files.newInputStream(weights))) {
      int length = Math.toIntExact(Long.reverseBytes(file.readLong()));
      JsonNode header = JSON.readTree(file.readNBytes(length));
      for (Map.Entry<String, JsonNode> tensor : header.properties()) {
        String module = tensor.getKey().replaceFirst("\\.weight$", "");
        if (TARGETS.stream().anyMatch(target -> module.endsWith("." + target))) {
          shapes.put(module, tensor.getValue().path("shape"));
        }
      }
    }
    if (shapes.isEmpty()) {
      throw new CliException(
          weights
              + " has no matrices named "
              + String.join(" or ", TARGETS)
              + " to put an adapter beside; ask for --kinds full");
    }
    return shapes;
  }

  private static void write(Path file, List<Matrix> matrices, Random random) throws IOException {
    ObjectNode header = JSON.createObjectNode();
    long at = 0;
    for (Matrix matrix : matrices) {
      long bytes = (long) matrix.rows() * matrix.columns() * Float.BYTES;
      ObjectNode tensor = header.putObject(matrix.name()).put("dtype", "F32");
      tensor.putArray("shape").add(matrix.rows()).add(matrix.columns());
      tensor.putArray("data_offsets").add(at).add(at + bytes);
      at += bytes;
    }
    byte[] text = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(
          ByteBuffer.allocate(Long.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(text.length)
              .array());
      out.write(text);
      for (Matrix matrix : matrices) {
        ByteBuffer numbers =
            ByteBuffer.allocate(matrix.rows() * matrix.columns() * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        while (numbers.hasRemaining()) {
          numbers.putFloat((float) (matrix.scale() * random.nextGaussian()));
        }
        out.write(numbers.array());
      }
    }
  }
}
