package dev.unmask.testkit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes safetensors files, as one or as shards with an index. */
final class TinySafetensors {

  private static final ObjectMapper JSON = new ObjectMapper();

  private TinySafetensors() {}

  static void write(Path folder, List<TinyTensor> tensors, int shards, boolean bf16)
      throws IOException {
    if (shards == 1) {
      write(folder.resolve("model.safetensors"), tensors, bf16);
      return;
    }
    ObjectNode index = JSON.createObjectNode();
    ObjectNode metadata = index.putObject("metadata");
    ObjectNode weightMap = index.putObject("weight_map");
    long total = 0;
    for (int shard = 0; shard < shards; shard++) {
      String name = "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards);
      List<TinyTensor> part =
          tensors.subList(tensors.size() * shard / shards, tensors.size() * (shard + 1) / shards);
      for (TinyTensor tensor : part) {
        weightMap.put(tensor.name(), name);
        total += (long) tensor.values().length * (bf16 ? 2 : 4);
      }
      Files.write(folder.resolve(name), file(part, bf16));
    }
    metadata.put("total_size", total);
    JSON.writeValue(folder.resolve("model.safetensors.index.json").toFile(), index);
  }

  /** One file. */
  static void write(Path file, List<TinyTensor> tensors, boolean bf16) throws IOException {
    Files.write(file, file(tensors, bf16));
  }

  private static byte[] file(List<TinyTensor> tensors, boolean bf16) throws IOException {
    int width = bf16 ? 2 : 4;
    ObjectNode header = JSON.createObjectNode();
    header.putObject("__metadata__").put("format", "pt");
    int end = 0;
    for (TinyTensor tensor : tensors) {
      ObjectNode entry = header.putObject(tensor.name()).put("dtype", bf16 ? "BF16" : "F32");
      var shape = entry.putArray("shape");
      for (int side : tensor.shape()) {
        shape.add(side);
      }
      int start = end;
      end += tensor.values().length * width;
      entry.putArray("data_offsets").add(start).add(end);
    }
    // Blanks after the header keep the data aligned to eight bytes, as the reference writer does.
    StringBuilder text = new StringBuilder(JSON.writeValueAsString(header));
    while (text.length() % 8 != 0) {
      text.append(' ');
    }
    byte[] headerBytes = text.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(8 + headerBytes.length + end).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(headerBytes.length).put(headerBytes);
    for (TinyTensor tensor : tensors) {
      for (float value : tensor.values()) {
        if (bf16) {
          file.putShort(bf16(value));
        } else {
          file.putFloat(value);
        }
      }
    }
    return file.array();
  }

  /** The nearest bfloat16 of a finite number, ties to even. */
  private static short bf16(float value) {
    int bits = Float.floatToIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
