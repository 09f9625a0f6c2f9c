package dev.unmask.sft.dataset;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The bytes of a file, one at a time: unpacked when they begin as gzip does, without a byte order
 * mark. One thread.
 */
final class ByteFeed implements Closeable {

  private static final int BUFFER = 1 << 16;
  private static final int[] MARK = {0xEF, 0xBB, 0xBF};

  private final InputStream input;
  private final byte[] buffer = new byte[BUFFER];
  private int at;
  private int end;
  private long read;
  private String damage = "";

  /** Reads from {@code raw} and closes it at the end. */
  ByteFeed(InputStream raw) throws IOException {
    PushbackInputStream start = new PushbackInputStream(raw, 2);
    byte[] magic = start.readNBytes(2);
    start.unread(magic);
    boolean packed = magic.length == 2 && (magic[0] & 0xFF) == 0x1F && (magic[1] & 0xFF) == 0x8B;
    InputStream opened = start;
    if (packed) {
      try {
        opened = new GZIPInputStream(start, BUFFER);
      } catch (ZipException | EOFException e) {
        damage = sentence(e);
        opened = InputStream.nullInputStream();
      }
    }
    this.input = opened;
    skipMark();
  }

  private void skipMark() throws IOException {
    if (fill() && end >= MARK.length) {
      boolean marked = true;
      for (int i = 0; i < MARK.length; i++) {
        marked &= (buffer[i] & 0xFF) == MARK[i];
      }
      at = marked ? MARK.length : 0;
    }
  }

  /** The next byte, or -1 at the end. */
  int next() throws IOException {
    if (at == end && !fill()) {
      return -1;
    }
    return buffer[at++] & 0xFF;
  }

  /** The next byte without taking it, or -1 at the end. */
  int peek() throws IOException {
    return at == end && !fill() ? -1 : buffer[at] & 0xFF;
  }

  private boolean fill() throws IOException {
    at = 0;
    end = 0;
    if (!damage.isEmpty()) {
      return false;
    }
    try {
      // Enough at once to see a whole mark; a gzip stream may give single bytes.
      for (int n = 0; n >= 0 && end < MARK.length; end += Math.max(0, n)) {
        n = input.read(buffer, end, BUFFER - end);
      }
    } catch (ZipException | EOFException e) {
      damage = sentence(e);
    }
    read += end;
    return end > 0;
  }

  private static String sentence(IOException e) {
    return "The gzip data of the file end too early or are damaged ("
        + e.getMessage()
        + "); pack or upload the file again.";
  }

  /** Why no more can be read, or nothing. */
  String damage() {
    return damage;
  }

  /** Bytes given out or ready to be. */
  long read() {
    return read;
  }

  @Override
  public void close() throws IOException {
    input.close();
  }
}
