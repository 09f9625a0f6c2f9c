package dev.unmask.model.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** A checkpoint's tensors as doubles, row-major, by name, read whole. */
final class ReferenceFiles {

  private static final ObjectMapper JSON = new ObjectMapper();

  private ReferenceFiles() {}

  static Map<String, double[]> read(Path folder) throws IOException {
    Map<String, double[]> tensors = new HashMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "model*.safetensors")) {
      for (Path file : files) {
        add(tensors, file);
      }
    }
    return new TreeMap<>(tensors);
  }

  private static void add(Map<String, double[]> tensors, Path file) throws IOException {
    ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int header = Math.toIntExact(all.getLong(0));
    JsonNode entries = JSON.readTree(new String(all.array(), 8, header, StandardCharsets.UTF_8));
    for (Map.Entry<String, JsonNode> entry : entries.properties()) {
      if (entry.getKey().equals("__metadata__")) {
        continue;
      }
      int begin = 8 + header + entry.getValue().path("data_offsets").path(0).asInt();
      int end = 8 + header + entry.getValue().path("data_offsets").path(1).asInt();
      boolean half = entry.getValue().path("dtype").asText().equals("BF16");
      double[] values = new double[(end - begin) / (half ? 2 : 4)];
      for (int i = 0; i < values.length; i++) {
        values[i] =
            half
                ? Float.intBitsToFloat(all.getShort(begin + 2 * i) << 16)
                : all.getFloat(begin + 4 * i);
      }
      tensors.put(entry.getKey(), values);
    }
  }
}
