package dev.unmask.model.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;

/** A safetensors file of any size that takes hardly any disk space: all data are holes. */
public final class SparseFile {

  private final Map<String, long[]> spans = new LinkedHashMap<>();
  private final StringBuilder header = new StringBuilder("{");
  private long offset;

  /** Adds a tensor of zeros. */
  public SparseFile add(String name, ElementType type, long... shape) {
    long end = offset + LongStream.of(shape).reduce(type.bytes(), Math::multiplyExact);
    header
        .append(spans.isEmpty() ? "" : ",")
        .append(
            String.format(
                "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
                name, type, java.util.Arrays.toString(shape), offset, end));
    spans.put(name, new long[] {offset, end});
    offset = end;
    return this;
  }

  /**
   * Writes the file.
   *
   * @param values name of a tensor to its last bytes; the rest stays a hole
   */
  public void write(Path path, Map<String, byte[]> values) throws Exception {
    byte[] text = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = java.util.Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    java.util.Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    ByteBuffer start = ByteBuffer.allocate(8 + padded.length).order(ByteOrder.LITTLE_ENDIAN);
    start.putLong(padded.length).put(padded).flip();
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      int written = channel.write(start, 0);
      if (written != 8 + padded.length) {
        throw new IOException("short write");
      }
      for (Map.Entry<String, byte[]> value : values.entrySet()) {
        long end =
            8 + padded.length + java.util.Objects.requireNonNull(spans.get(value.getKey()))[1];
        int some = channel.write(ByteBuffer.wrap(value.getValue()), end - value.getValue().length);
        if (some != value.getValue().length) {
          throw new IOException("short write");
        }
      }
      if (channel.size() < 8 + padded.length + offset) {
        channel.write(ByteBuffer.wrap(new byte[1]), 8 + padded.length + offset - 1);
      }
    }
    Assumptions.assumeTrue(isSparse(path), "this file system has no sparse files");
  }

  private static boolean isSparse(Path path) throws Exception {
    Process stat =
        new ProcessBuilder("stat", "-c", "%b", path.toString()).redirectErrorStream(true).start();
    String blocks = new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    boolean ended = stat.waitFor(10, TimeUnit.SECONDS);
    if (!ended) {
      throw new IllegalStateException("stat did not end");
    }
    return Long.parseLong(blocks.strip()) * 512 < 64 << 20;
  }
}
