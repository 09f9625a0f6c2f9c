package dev.unmask.sft.dataset;

import java.nio.charset.StandardCharsets;

/** The beginning of a row, for people: at most 200 UTF-16 units, never half a character. */
final class Excerpt {

  /** Longest excerpt, its ellipsis included. */
  static final int LENGTH = 200;

  /** Bytes that surely hold as many characters. */
  private static final int BYTES = 4 * LENGTH + 4;

  private Excerpt() {}

  /** The first characters of bytes that may be no UTF-8: what is none becomes U+FFFD. */
  static String of(byte[] bytes) {
    return of(new String(bytes, 0, Math.min(bytes.length, BYTES), StandardCharsets.UTF_8).strip());
  }

  static String of(String text) {
    if (text.length() <= LENGTH) {
      return text;
    }
    int end = LENGTH - 1;
    return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + "…";
  }
}
