package dev.unmask.sft.dataset;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The JSON values of a file: one a line, or, when the file begins as {@code [} followed by an
 * object does, the elements of that one list, which may be laid out in any way. Blank lines are
 * skipped.
 */
final class FileRows implements RawRows {

  private final String file;
  private final ByteFeed feed;
  private final ByteArrayOutputStream row = new ByteArrayOutputStream(1024);
  private long line = 1;
  private boolean inList;
  private boolean started;
  private boolean damageTold;

  /** Reads from {@code input}, packed by gzip or not, and closes it at the end. */
  FileRows(String file, InputStream input) throws IOException {
    this.file = file;
    this.feed = new ByteFeed(input);
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    if (!started) {
      started = true;
      begin();
    }
    while (true) {
      skipBlank(inList);
      int b = feed.next();
      if (b < 0) {
        return atTheEnd();
      }
      if (inList && b == ']') {
        inList = false;
        continue;
      }
      return inList ? element(b) : line(b);
    }
  }

  private void begin() throws IOException {
    skipBlank(false);
    if (feed.peek() != '[') {
      return;
    }
    long first = line;
    int unused = feed.next();
    ByteArrayOutputStream blank = new ByteArrayOutputStream();
    while (isBlank(feed.peek()) && blank.size() < MAX_ROW_BYTES) {
      int b = feed.next();
      line += b == '\n' ? 1 : 0;
      blank.write(b);
    }
    if (feed.peek() == '{') {
      inList = true;
    } else {
      // A line that happens to be a list: given as it was.
      row.write('[');
      if (line == first) {
        row.writeBytes(blank.toByteArray());
      }
    }
  }

  private void skipBlank(boolean commas) throws IOException {
    for (int b = feed.peek(); isBlank(b) || (commas && b == ','); b = feed.peek()) {
      line += feed.next() == '\n' ? 1 : 0;
    }
  }

  private static boolean isBlank(int b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
  }

  private RawRow line(int first) throws IOException {
    boolean tooLong = false;
    int b = first;
    for (; b >= 0 && b != '\n'; b = feed.next()) {
      tooLong |= !keep(b);
    }
    long at = line;
    line += b == '\n' ? 1 : 0;
    return take(at, tooLong);
  }

  /** An element of the list, which ends where its brackets do, whatever stands in its strings. */
  private RawRow element(int first) throws IOException {
    long at = line;
    int depth = 0;
    boolean quoted = false;
    boolean escaped = false;
    boolean tooLong = false;
    for (int b = first; b >= 0; b = feed.next()) {
      tooLong |= !keep(b);
      line += b == '\n' ? 1 : 0;
      if (quoted) {
        quoted = escaped || b != '"';
        escaped = !escaped && b == '\\';
      } else if (b == '"') {
        quoted = true;
      } else if (b == '{' || b == '[') {
        depth++;
      } else if (b == '}' || b == ']') {
        depth--;
      }
      int next = feed.peek();
      if (!quoted && (depth <= 0) && (b == '}' || b == ']' || next == ',' || next == ']')) {
        return take(at, tooLong);
      }
    }
    if (feed.damage().isEmpty()) {
      damageTold = true;
      byte[] start = row.toByteArray();
      row.reset();
      return new RawRow(
          file,
          at,
          start,
          RawRow.State.DAMAGED,
          "The element of the list that begins on line "
              + at
              + " never ends, so the rest of the file cannot be told apart; a quote or bracket is"
              + " missing.");
    }
    row.reset();
    return damaged();
  }

  private boolean keep(int b) {
    if (row.size() < MAX_ROW_BYTES) {
      row.write(b);
      return true;
    }
    return false;
  }

  private RawRow take(long at, boolean tooLong) {
    byte[] bytes = row.toByteArray();
    row.reset();
    int length = bytes.length;
    if (length > 0 && bytes[length - 1] == '\r') {
      bytes = java.util.Arrays.copyOf(bytes, length - 1);
    }
    return new RawRow(file, at, bytes, tooLong ? RawRow.State.TOO_LONG : RawRow.State.WHOLE, "");
  }

  private @Nullable RawRow atTheEnd() {
    if (row.size() > 0) {
      return take(line, false);
    }
    return feed.damage().isEmpty() || damageTold ? null : damaged();
  }

  private RawRow damaged() {
    damageTold = true;
    return new RawRow(
        file, line, "".getBytes(StandardCharsets.UTF_8), RawRow.State.DAMAGED, feed.damage());
  }

  @Override
  public long bytes() {
    return feed.read();
  }

  @Override
  public void close() throws IOException {
    feed.close();
  }
}
