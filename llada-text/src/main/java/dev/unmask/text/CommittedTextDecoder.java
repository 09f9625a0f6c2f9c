package dev.unmask.text;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns the growing committed prefix of a canvas into text to stream: only new text, only whole
 * characters, never text that could still change or that could begin a stop string.
 *
 * <p>A token may hold part of a character's bytes, which decode to U+FFFD until the rest arrives,
 * so trailing U+FFFD is held back. Text ends at the first end-of-text or end-of-message token, or
 * before the first stop string, whatever stands behind it. Belongs to one request; one thread at a
 * time.
 */
public final class CommittedTextDecoder {

  private static final char REPLACEMENT = '\uFFFD';

  private final LladaTokenizer tokenizer;
  private final StopStrings stops;
  private int[] seen = {};
  private String decoded = "";
  private int sent;
  private @Nullable String stoppedBy;

  /** A decoder without stop strings. */
  public CommittedTextDecoder(LladaTokenizer tokenizer) {
    this(tokenizer, StopStrings.NONE);
  }

  public CommittedTextDecoder(LladaTokenizer tokenizer, StopStrings stops) {
    this.tokenizer = tokenizer;
    this.stops = stops;
  }

  /**
   * Takes the committed prefix as it stands now and returns the text that became final since the
   * last call, often empty. After a stop string nothing more comes.
   *
   * @param committedPrefix all committed ids from the first slot on; begins with the ids of the
   *     last call
   * @throws IllegalArgumentException when ids that were already taken have changed
   */
  public String advance(int[] committedPrefix) {
    if (stopped()) {
      return "";
    }
    int[] answer = answer(committedPrefix);
    if (answer.length < seen.length
        || Arrays.mismatch(seen, 0, seen.length, answer, 0, seen.length) >= 0) {
      throw new IllegalArgumentException(
          "committed tokens changed: "
              + seen.length
              + " were taken, and the new prefix of "
              + answer.length
              + " does not begin with them");
    }
    if (answer.length == seen.length) {
      return "";
    }
    seen = answer;
    decoded = tokenizer.decode(answer);
    int end = stableLength();
    while (end > sent && decoded.charAt(end - 1) == REPLACEMENT) {
      end--;
    }
    StopStrings.Scan scan = stops.scan(decoded, sent, end);
    if (scan.pending() >= 0) {
      return take(scan.pending());
    }
    return scan.stop() == null ? take(end) : stop(scan.match(), scan.stop());
  }

  /**
   * What is left at the end of the answer, with U+FFFD for a character that was never finished.
   * Nothing may follow; a second call returns nothing.
   */
  public String finish() {
    if (stopped()) {
      return "";
    }
    StopStrings.Scan scan = stops.scan(decoded, sent, decoded.length());
    return scan.stop() == null ? take(decoded.length()) : stop(scan.match(), scan.stop());
  }

  /** All text returned so far. */
  public String text() {
    return decoded.substring(0, sent);
  }

  /** Whether a stop string has ended the text. */
  public boolean stopped() {
    return stoppedBy != null;
  }

  /** The stop string that ended the text. */
  public Optional<String> stoppedBy() {
    return Optional.ofNullable(stoppedBy);
  }

  /** Where the text begins that the next token could change because bytes are joined to bytes. */
  private int stableLength() {
    int ids = seen.length;
    while (ids > 0 && tokenizer.isByte(seen[ids - 1])) {
      ids--;
    }
    return ids == seen.length
        ? decoded.length()
        : Math.max(sent, tokenizer.decode(Arrays.copyOf(seen, ids)).length());
  }

  private String stop(int at, String by) {
    stoppedBy = by;
    return take(at);
  }

  private String take(int end) {
    String fresh = decoded.substring(sent, end);
    sent = end;
    return fresh;
  }

  private int[] answer(int[] committed) {
    for (int i = 0; i < committed.length; i++) {
      if (tokenizer.special().endsAnswer(committed[i])) {
        return Arrays.copyOf(committed, i);
      }
    }
    return committed.clone();
  }
}
