package dev.unmask.sft.corpus;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;

/**
 * Judges an answer by its words: case, punctuation, articles and spacing do not count, whole words
 * do. Pure functions.
 */
public final class ProbeCheck {

  private ProbeCheck() {}

  /** Whether one of the accepted answers stands in {@code answer} as whole words. */
  public static boolean accepts(String answer, List<String> accepted) {
    String words = " " + normalized(answer) + " ";
    return accepted.stream()
        .map(ProbeCheck::normalized)
        .anyMatch(wanted -> !wanted.isEmpty() && words.contains(" " + wanted + " "));
  }

  /** Whether {@code answer} is one of the accepted answers and nothing else. */
  public static boolean equalsOne(String answer, List<String> accepted) {
    String words = normalized(answer);
    return accepted.stream().map(ProbeCheck::normalized).anyMatch(words::equals);
  }

  /** Small letters and digits, words one space apart, without articles or accents. */
  static String normalized(String text) {
    String plain = Normalizer.normalize(text, Normalizer.Form.NFKD).replaceAll("\\p{M}+", "");
    return plain
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}]+", " ")
        .replaceAll("\\b(the|a|an)\\b", " ")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
