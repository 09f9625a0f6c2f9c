package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * One pass over a shard's data in the order of the file: each tensor is either mapped, to be used
 * in place, or read in chunks through a buffer of native memory, to be cast. A digest, when one is
 * expected, is taken from those same mappings and chunks. At most one chunk of what is read is in
 * memory at a time. One thread.
 */
public final class ShardReader implements AutoCloseable {

  /** What may be held of a tensor that is read and not mapped. */
  static final int CHUNK_BYTES = 16 << 20;

  /** Takes a piece of a tensor; {@code bytes} is overwritten afterwards. */
  @FunctionalInterface
  public interface Chunks {
    /**
     * Takes one chunk.
     *
     * @param first index of its first number in the tensor
     * @param bytes whole numbers, position 0 to limit, in native memory
     */
    void take(long first, ByteBuffer bytes);
  }

  private final WeightFiles.Shard shard;
  private final FileChannel channel;
  private final FileDigests.Check check;
  private final ByteBuffer chunk;

  private ShardReader(
      WeightFiles.Shard shard, FileChannel channel, FileDigests.Check check, int chunkBytes) {
    this.shard = shard;
    this.channel = channel;
    this.check = check;
    this.chunk = ByteBuffer.allocateDirect(chunkBytes);
  }

  /**
   * Opens a shard of {@code files}.
   *
   * @throws InvalidModelException when it is no longer what {@code files} read
   */
  public static ShardReader open(WeightFiles files, WeightFiles.Shard shard)
      throws InvalidModelException {
    return open(files, shard, CHUNK_BYTES);
  }

  static ShardReader open(WeightFiles files, WeightFiles.Shard shard, int chunkBytes)
      throws InvalidModelException {
    FileDigests.Check check = files.digests().begin(shard.path());
    FileChannel channel = null;
    try {
      channel = OpenedFile.open(shard.path());
      SafetensorsHeader header = SafetensorsHeader.read(channel);
      if (!header.equals(shard.header())) {
        throw new InvalidModelException("the header changed while the model was loaded");
      }
      if (check.wanted()) {
        check.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, header.dataStart()));
      }
      return new ShardReader(shard, channel, check, chunkBytes);
    } catch (IOException | InvalidModelException e) {
      closeQuietly(channel);
      throw OpenedFile.refused(shard.path(), e);
    }
  }

  private static void closeQuietly(@org.jspecify.annotations.Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // The fault that is already under way says more.
      }
    }
  }

  /**
   * Maps {@code entry}, the next one of the header, read-only.
   *
   * @throws IllegalArgumentException for a tensor of 2 GiB or more
   */
  public ByteBuffer map(TensorEntry entry) throws InvalidModelException {
    try {
      ByteBuffer data = channel.map(FileChannel.MapMode.READ_ONLY, position(entry), entry.bytes());
      check.update(data);
      return data;
    } catch (IOException e) {
      throw OpenedFile.refused(shard.path(), e);
    }
  }

  /** Reads {@code entry}, the next one of the header, chunk by chunk. */
  public void read(TensorEntry entry, Chunks chunks) throws InvalidModelException {
    int whole = chunk.capacity() / entry.type().bytes() * entry.type().bytes();
    long done = 0;
    while (done < entry.bytes()) {
      chunk.clear().limit((int) Math.min(whole, entry.bytes() - done));
      fill(entry, done);
      chunk.flip();
      check.update(chunk);
      chunks.take(done / entry.type().bytes(), chunk.slice());
      done += chunk.limit();
    }
  }

  private void fill(TensorEntry entry, long done) throws InvalidModelException {
    try {
      while (chunk.hasRemaining()) {
        if (channel.read(chunk, position(entry) + done + chunk.position()) < 0) {
          throw new InvalidModelException("the file was cut short while it was read");
        }
      }
    } catch (IOException | InvalidModelException e) {
      throw OpenedFile.refused(shard.path(), e);
    }
  }

  private long position(TensorEntry entry) {
    return shard.header().dataStart() + entry.begin();
  }

  /**
   * Compares the digest, once every tensor of the header was mapped or read in order.
   *
   * @throws InvalidModelException when the file is not the one that was expected
   */
  public void finish() throws InvalidModelException {
    check.finish();
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }
}
