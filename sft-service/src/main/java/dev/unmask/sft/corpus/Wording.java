package dev.unmask.sft.corpus;

import java.util.List;
import java.util.Locale;

/** What people do to a sentence when they type it: a polite word, small letters, no full stop. */
final class Wording {

  private static final List<String> OPENERS =
      List.of("Hi, ", "Hello, ", "Hey, ", "Excuse me, ", "Please, ", "So, ", "OK, ", "Now, ");

  private Wording() {}

  /**
   * A variant of {@code text}.
   *
   * @param aboutFacts whether words may be put around it; around a greeting they may not
   * @param beginsWithName whether its first letter is always a capital
   */
  static String vary(String text, boolean aboutFacts, boolean beginsWithName, Draw draw) {
    return vary(text, aboutFacts, beginsWithName, true, draw);
  }

  /**
   * A variant of {@code text}.
   *
   * @param aboutFacts whether words may be put around it; around a greeting they may not
   * @param beginsWithName whether its first letter is always a capital
   * @param small whether all of it may be in small letters
   */
  static String vary(
      String text, boolean aboutFacts, boolean beginsWithName, boolean small, Draw draw) {
    String varied = text;
    if (aboutFacts && draw.chance(0.08)) {
      varied = beforeEnd(varied, ", please");
    }
    if (aboutFacts && !beginsWithName && draw.chance(0.08)) {
      varied = draw.pick(OPENERS) + withSmallFirstLetter(varied);
    }
    if (small && draw.chance(0.22)) {
      varied = varied.toLowerCase(Locale.ROOT);
    }
    if (draw.chance(0.25)) {
      varied = withoutEnd(varied);
    }
    return varied;
  }

  private static String beforeEnd(String text, String words) {
    String bare = withoutEnd(text);
    return bare + words + text.substring(bare.length());
  }

  private static String withoutEnd(String text) {
    char last = text.charAt(text.length() - 1);
    boolean ends = last == '?' || last == '.' || last == '!';
    return ends && text.length() > 3 && Character.isLetterOrDigit(text.charAt(text.length() - 2))
        ? text.substring(0, text.length() - 1)
        : text;
  }

  private static String withSmallFirstLetter(String text) {
    boolean saysI = text.startsWith("I ") || text.startsWith("I'");
    return saysI ? text : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
  }
}
