package dev.unmask.sft.dataset;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The dialogues of a topic as they stood at a vector of offsets: of each key the last value, and
 * none where that is null. Records are added in the order of their partition; the copy lies on a
 * disk, and memory holds nothing of it. One thread.
 *
 * <p>A row that is wrong is told with the partition as its file and the offset as its line.
 */
public final class TopicCopy implements DatasetSource, AutoCloseable {

  private final String topic;
  private final Path file;
  private final DataOutputStream output;
  private final LongTable latest;
  private final Map<Integer, Long> ends = new TreeMap<>();
  private long count;

  /**
   * An empty copy.
   *
   * @param folder for its files, which {@link #close} deletes
   */
  public TopicCopy(String topic, Path folder) throws IOException {
    this.topic = topic;
    Files.createDirectories(folder);
    this.file = folder.resolve("topic.copy");
    this.latest = new LongTable(folder.resolve("topic.keys"));
    this.output = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
  }

  /** Says that everything of a partition below {@code offset} is part of the copy. */
  public void upTo(int partition, long offset) {
    ends.put(partition, offset);
  }

  /**
   * Adds a record.
   *
   * @param key the conversation's id
   * @param value its dialogue, or null when it was deleted
   */
  public void add(int partition, long offset, String key, byte @Nullable [] value)
      throws IOException {
    // The partition belongs to the key: keys are hashed to partitions, so one key has one.
    long name = LongTable.hash(key);
    latest.put(name, count);
    try {
      output.writeLong(name);
      output.writeInt(partition);
      output.writeLong(offset);
      output.writeInt(value == null ? -1 : Math.min(value.length, MAX_BYTES + 1));
      if (value != null) {
        output.write(value, 0, Math.min(value.length, MAX_BYTES + 1));
      }
    } catch (IOException e) {
      throw DatasetFiles.unwritable(file, e);
    }
    count++;
  }

  private static final int MAX_BYTES = RawRows.MAX_ROW_BYTES;

  @Override
  public String name() {
    return topic;
  }

  @Override
  public String uri() {
    return "topic:"
        + topic
        + "?offsets="
        + ends.entrySet().stream()
            .map(e -> e.getKey() + ":" + e.getValue())
            .collect(Collectors.joining(","));
  }

  @Override
  public @Nullable DatasetFormat known(@Nullable DatasetFormat named) {
    return named == null ? DatasetFormat.MESSAGES : named;
  }

  @Override
  public RawRows open(@Nullable DatasetFormat named) throws IOException {
    try {
      output.flush();
    } catch (IOException e) {
      throw DatasetFiles.unwritable(file, e);
    }
    return new Rows(
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16)));
  }

  /** Deletes the copy. What could not be written to it is of no more use, so nothing is said. */
  @Override
  public void close() throws IOException {
    try (LongTable names = latest) {
      output.close();
    } catch (IOException unwritten) {
      // On a full disk the end of the copy cannot be written; whoever read it was told.
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private final class Rows implements RawRows {

    private final DataInputStream input;
    private long index;
    private long bytes;

    Rows(DataInputStream input) {
      this.input = input;
    }

    @Override
    public @Nullable RawRow next() throws IOException {
      while (index < count) {
        long name = input.readLong();
        int partition = input.readInt();
        long offset = input.readLong();
        int length = input.readInt();
        boolean stands = latest.get(name, -1) == index++ && length >= 0;
        byte[] value = input.readNBytes(Math.max(0, length));
        if (value.length < length) {
          throw new EOFException("the copy of " + topic + " was cut while it was read");
        }
        if (stands) {
          bytes += length;
          RawRow.State state = length > MAX_ROW_BYTES ? RawRow.State.TOO_LONG : RawRow.State.WHOLE;
          return new RawRow(topic + "/" + partition, offset, value, state, "");
        }
      }
      return null;
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public void close() throws IOException {
      input.close();
    }
  }
}
