package dev.unmask.text;

import java.util.Arrays;

/**
 * Turns the growing committed prefix of a canvas into text to stream: only new text, only whole
 * characters, never text that could still change.
 *
 * <p>A token may hold part of a character's bytes, which decode to U+FFFD until the rest arrives,
 * so trailing U+FFFD is held back. Text ends at the first end-of-text or end-of-message token,
 * whatever stands behind it. Belongs to one request; one thread at a time.
 */
public final class CommittedTextDecoder {

  private static final char REPLACEMENT = '\uFFFD';

  private final LladaTokenizer tokenizer;
  private int[] seen = {};
  private String decoded = "";
  private int sent;

  public CommittedTextDecoder(LladaTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Takes the committed prefix as it stands now and returns the text that became final since the
   * last call, often empty.
   *
   * @param committedPrefix all committed ids from the first slot on; begins with the ids of the
   *     last call
   * @throws IllegalArgumentException when ids that were already taken have changed
   */
  public String advance(int[] committedPrefix) {
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
    int end = decoded.length();
    while (end > sent && decoded.charAt(end - 1) == REPLACEMENT) {
      end--;
    }
    return take(end);
  }

  /** What is left at the end of the answer, with U+FFFD for a character that was never finished. */
  public String finish() {
    return take(decoded.length());
  }

  /** All text returned so far. */
  public String text() {
    return decoded.substring(0, sent);
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
