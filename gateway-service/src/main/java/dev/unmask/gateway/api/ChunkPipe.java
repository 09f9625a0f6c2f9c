package dev.unmask.gateway.api;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Chunks put on one thread, read as a stream on another. Putting never blocks; whoever puts waits
 * for {@code taken} before the next chunk, which keeps the queue short.
 */
public final class ChunkPipe extends InputStream {

  private final Runnable taken;
  private final Queue<ByteString> chunks = new ArrayDeque<>();
  private ByteString current = ByteString.EMPTY;
  private int position;
  private boolean ended;
  private boolean abandoned;

  /**
   * @param taken runs on the reading thread each time a chunk has been taken
   */
  public ChunkPipe(Runnable taken) {
    this.taken = taken;
  }

  /** Adds a chunk. */
  public synchronized void put(ByteString chunk) {
    chunks.add(chunk);
    notifyAll();
  }

  /** There is no more. */
  public synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** The upload will never be whole: the reader fails. */
  public synchronized void abandon() {
    abandoned = true;
    notifyAll();
  }

  /** Whether the upload will never be whole. */
  public synchronized boolean abandoned() {
    return abandoned;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (position == current.size()) {
      if (!next()) {
        return -1;
      }
    }
    int n = Math.min(length, current.size() - position);
    current.substring(position, position + n).copyTo(target, offset);
    position += n;
    return n;
  }

  private boolean next() throws IOException {
    synchronized (this) {
      while (chunks.isEmpty() && !ended && !abandoned) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while waiting for the upload", e);
        }
      }
      if (abandoned) {
        throw new IOException("the upload was broken off");
      }
      ByteString chunk = chunks.poll();
      if (chunk == null) {
        return false;
      }
      current = chunk;
      position = 0;
    }
    taken.run();
    return true;
  }
}
