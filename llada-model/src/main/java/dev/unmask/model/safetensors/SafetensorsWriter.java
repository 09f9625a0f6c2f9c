package dev.unmask.model.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes one safetensors file from float arrays, one tensor at a time, so that only the tensor
 * being written is held twice. Not thread-safe.
 *
 * <p>bfloat16 and float16 round to nearest, ties to even, as PyTorch does.
 */
public final class SafetensorsWriter {

  /** Gives a tensor's values when its turn comes. */
  @FunctionalInterface
  public interface Values {
    float[] get();
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared; add() copies the shape.
  private record Entry(ElementType type, long[] shape, Values values) {
    long bytes() {
      return Arrays.stream(shape).reduce(type.bytes(), (a, b) -> a * b);
    }
  }

  private static final int CHUNK_BYTES = 1 << 20;

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));

  /** Plans a tensor; {@code type} is F32, F16 or BF16. */
  public SafetensorsWriter add(String name, ElementType type, long[] shape, Values values) {
    if (type != ElementType.F32 && type != ElementType.F16 && type != ElementType.BF16) {
      throw new IllegalArgumentException("tensors are written as F32, F16 or BF16, not " + type);
    }
    if (entries.put(name, new Entry(type, shape.clone(), values)) != null) {
      throw new IllegalArgumentException("the tensor " + name + " was added twice");
    }
    return this;
  }

  /** Adds a line to the header's free-form metadata. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** Writes {@code path} (replacing it) and forces it to the disk. */
  public void write(Path path) throws IOException {
    byte[] header = header();
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
      start.putLong(header.length).put(header).flip();
      writeFully(channel, start);
      for (Map.Entry<String, Entry> entry : entries.entrySet()) {
        writeTensor(channel, entry.getKey(), entry.getValue());
      }
      channel.force(true);
    }
  }

  private byte[] header() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    ObjectNode free = root.putObject("__metadata__");
    metadata.forEach(free::put);
    long offset = 0;
    for (Map.Entry<String, Entry> entry : entries.entrySet()) {
      ObjectNode node = root.putObject(entry.getKey());
      node.put("dtype", entry.getValue().type().name());
      ArrayNode shape = node.putArray("shape");
      Arrays.stream(entry.getValue().shape()).forEach(shape::add);
      long end = offset + entry.getValue().bytes();
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = root.toString().getBytes(StandardCharsets.UTF_8);
    // Padding with spaces keeps the data aligned to 8 bytes, which mapped readers rely on.
    byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void writeTensor(FileChannel channel, String name, Entry entry)
      throws IOException {
    float[] values = entry.values().get();
    if (values.length * (long) entry.type().bytes() != entry.bytes()) {
      throw new IllegalStateException(
          name + " has " + values.length + " values, not as many as its shape says");
    }
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      if (chunk.remaining() < 4) {
        writeFully(channel, chunk.flip());
        chunk.clear();
      }
      if (entry.type() == ElementType.F32) {
        chunk.putFloat(value);
      } else if (entry.type() == ElementType.F16) {
        chunk.putShort(Float.floatToFloat16(value));
      } else {
        chunk.putShort(toBfloat16(value));
      }
    }
    writeFully(channel, chunk.flip());
  }

  /** The upper half of a float's bits, rounded to nearest even. */
  static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
