package dev.unmask.sft.dataset;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A plain text in pieces that a tokenizer can take. A piece ends with a line, or, where a line is
 * longer than a piece, with a whole character.
 */
final class TextPieces implements RawRows {

  private static final int ENOUGH = 1 << 15;
  private static final int MOST = 1 << 16;

  private final String file;
  private final ByteFeed feed;
  private long line = 1;
  private boolean damageTold;

  TextPieces(String file, InputStream input) throws IOException {
    this.file = file;
    this.feed = new ByteFeed(input);
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    ByteArrayOutputStream piece = new ByteArrayOutputStream(MOST + 8);
    long at = line;
    while (feed.peek() >= 0) {
      int b = feed.next();
      if (b == '\r' && feed.peek() == '\n') {
        continue;
      }
      piece.write(b);
      line += b == '\n' ? 1 : 0;
      boolean lineEnds = b == '\n' && piece.size() >= ENOUGH;
      boolean characterEnds = piece.size() >= MOST && (feed.peek() & 0xC0) != 0x80;
      if (lineEnds || characterEnds || piece.size() >= MOST + 4) {
        return RawRow.whole(file, at, piece.toByteArray());
      }
    }
    if (piece.size() > 0) {
      return RawRow.whole(file, at, piece.toByteArray());
    }
    if (!feed.damage().isEmpty() && !damageTold) {
      damageTold = true;
      return new RawRow(file, line, new byte[0], RawRow.State.DAMAGED, feed.damage());
    }
    return null;
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
