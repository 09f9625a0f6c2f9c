package dev.unmask.sft.vocabulary;

import java.nio.charset.StandardCharsets;

/**
 * GPT-2's byte-level alphabet: one printable letter for each byte, so that a vocabulary of byte
 * strings can stand in JSON. Printable Latin-1 bytes keep their letter, the others take the letters
 * from U+0100 on, in order. Source: openai/gpt-2, {@code encoder.py}.
 */
public final class ByteAlphabet {

  private static final char[] LETTERS = letters();

  private ByteAlphabet() {}

  /** The letter of byte {@code b}, 0 to 255. */
  public static char letter(int b) {
    return LETTERS[b];
  }

  /** The bytes of a text in UTF-8, as unsigned numbers. */
  public static int[] bytes(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int[] bytes = new int[utf8.length];
    for (int i = 0; i < utf8.length; i++) {
      bytes[i] = utf8[i] & 0xff;
    }
    return bytes;
  }

  private static char[] letters() {
    char[] letters = new char[256];
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      letters[b] = printable ? (char) b : next++;
    }
    return letters;
  }
}
