package dev.unmask.sft.dataset;

import dev.unmask.sft.recipe.TrainingSample;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Writes samples to two files: their token ids one after the other, and an index of fixed entries.
 * Samples that begin another one are not written again: of a dialogue's turns only the last lies on
 * the disk. One thread.
 *
 * <p>Index entry, 20 bytes, little-endian: where the ids begin (tokens, 8), length (4), prompt
 * length with the top bit set when the sample does not end (4), row (4). Ids have 2 bytes where the
 * vocabulary allows it, else 4.
 */
final class SpillWriter implements AutoCloseable {

  static final int ENTRY = 20;
  static final int OPEN_END = 1 << 31;
  private static final int BUFFER = 1 << 16;

  /** The index is mapped as a whole. */
  static final int MOST = Integer.MAX_VALUE / ENTRY;

  private final Output ids;
  private final Output index;
  private final int width;
  private long tokensOnDisk;
  private int samples;
  private int rows;

  SpillWriter(Path ids, Path index, int width) throws IOException {
    this.width = width;
    this.ids = new Output(ids);
    this.index = new Output(index);
  }

  /** Bytes of an id. */
  static int width(int vocabulary) {
    return vocabulary <= 1 << 16 ? 2 : 4;
  }

  /** Adds the samples of one row. */
  void row(List<TrainingSample> turns) throws IOException {
    TrainingSample last = turns.get(turns.size() - 1);
    if (samples > MOST - turns.size()) {
      throw new IOException(
          "The dataset has more than " + MOST + " samples; split it into several jobs.");
    }
    long lastAt = -1;
    for (TrainingSample turn : turns.subList(0, turns.size() - 1)) {
      if (Arrays.mismatch(turn.ids(), last.ids()) == turn.length()) {
        lastAt = lastAt < 0 ? write(last.ids()) : lastAt;
        entry(lastAt, turn);
      } else {
        entry(write(turn.ids()), turn);
      }
    }
    entry(lastAt < 0 ? write(last.ids()) : lastAt, last);
    rows++;
  }

  private long write(int[] tokens) throws IOException {
    long at = tokensOnDisk;
    for (int id : tokens) {
      ByteBuffer buffer = ids.room(width);
      if (width == 2) {
        buffer.putShort((short) id);
      } else {
        buffer.putInt(id);
      }
    }
    tokensOnDisk += tokens.length;
    return at;
  }

  private void entry(long at, TrainingSample sample) throws IOException {
    index
        .room(ENTRY)
        .putLong(at)
        .putInt(sample.length())
        .putInt(sample.promptLength() | (sample.ends() ? 0 : OPEN_END))
        .putInt(rows);
    samples++;
  }

  int samples() {
    return samples;
  }

  long tokensOnDisk() {
    return tokensOnDisk;
  }

  /** Brings all to the disk. */
  void finish() throws IOException {
    ids.finish();
    index.finish();
  }

  /** sha256 over both files, once they are {@link #finish finished}: what the samples are. */
  String digest() {
    MessageDigest both = sha256();
    both.update(ids.digest.digest());
    return HexFormat.of().formatHex(both.digest(index.digest.digest()));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() throws IOException {
    try (ids) {
      index.close();
    }
  }

  /** A file that grows. */
  private static final class Output implements AutoCloseable {

    private final Path file;
    private final FileChannel channel;
    private final MessageDigest digest = sha256();
    private final ByteBuffer buffer =
        ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);

    Output(Path file) throws IOException {
      this.file = file;
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
    }

    ByteBuffer room(int bytes) throws IOException {
      if (buffer.remaining() < bytes) {
        drain();
      }
      return buffer;
    }

    private void drain() throws IOException {
      buffer.flip();
      digest.update(buffer.duplicate());
      try {
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      } catch (IOException e) {
        throw DatasetFiles.unwritable(file, e);
      }
      buffer.clear();
    }

    void finish() throws IOException {
      drain();
      channel.force(true);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
