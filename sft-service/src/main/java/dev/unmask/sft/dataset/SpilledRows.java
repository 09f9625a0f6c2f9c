package dev.unmask.sft.dataset;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Samples on a disk, as {@link SpillWriter} wrote them: the index is mapped, tokens are read when
 * they are asked for. Any thread until {@link #close}.
 */
final class SpilledRows implements TokenisedRows {

  private static final int LENGTH = 8;
  private static final int PROMPT = 12;
  private static final int ROW = 16;

  // Not a channel: that would be closed when the thread that reads is interrupted.
  private final RandomAccessFile ids;
  private final ByteBuffer index;
  private final int width;
  private final int size;

  private SpilledRows(RandomAccessFile ids, ByteBuffer index, int width, int size) {
    this.ids = ids;
    this.index = index;
    this.width = width;
    this.size = size;
  }

  /**
   * Opens the two files.
   *
   * @throws IOException when they are not as long as they must be
   */
  static SpilledRows open(Path ids, Path index, int width, int samples, long tokens)
      throws IOException {
    if (Files.size(index) != (long) samples * SpillWriter.ENTRY
        || Files.size(ids) != tokens * width) {
      throw new IOException(
          "The rows in tokens under " + ids.getParent() + " are not what was written there.");
    }
    RandomAccessFile file = new RandomAccessFile(ids.toFile(), "r");
    try (FileChannel channel = FileChannel.open(index)) {
      MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      return new SpilledRows(file, mapped.order(ByteOrder.LITTLE_ENDIAN), width, samples);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public TrainingSample sample(int i) {
    byte[] bytes = new byte[length(i) * width];
    try {
      synchronized (ids) {
        ids.seek(index.getLong(i * SpillWriter.ENTRY) * width);
        ids.readFully(bytes);
      }
    } catch (EOFException e) {
      throw new UncheckedIOException("the file of tokens is shorter than its index says", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer read = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int[] tokens = new int[length(i)];
    for (int t = 0; t < tokens.length; t++) {
      tokens[t] = width == 2 ? read.getShort() & 0xFFFF : read.getInt();
    }
    return new TrainingSample(tokens, promptLength(i), ends(i));
  }

  @Override
  public int length(int i) {
    return index.getInt(i * SpillWriter.ENTRY + LENGTH);
  }

  @Override
  public int promptLength(int i) {
    return index.getInt(i * SpillWriter.ENTRY + PROMPT) & ~SpillWriter.OPEN_END;
  }

  @Override
  public boolean ends(int i) {
    return (index.getInt(i * SpillWriter.ENTRY + PROMPT) & SpillWriter.OPEN_END) == 0;
  }

  @Override
  public int row(int i) {
    return index.getInt(i * SpillWriter.ENTRY + ROW);
  }

  @Override
  public void close() {
    try {
      ids.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
