package dev.unmask.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/**
 * Python's text functions, which Jinja's templates call, on texts that keep their marks. Python
 * counts characters, not UTF-16 units.
 */
public final class PythonText {

  private PythonText() {}

  /** Python's {@code str.isspace} for one character; Java's own notions are narrower. */
  public static boolean isSpace(int c) {
    return (c >= '\t' && c <= '\r')
        || (c >= 0x1c && c <= ' ')
        || c == 0x85
        || Character.isSpaceChar(c);
  }

  /** Python's {@code str.strip()}. */
  public static String strip(String text) {
    return strip(MarkedText.content(text), PythonText::isSpace, true, true).chars();
  }

  static MarkedText strip(MarkedText text, IntPredicate gone, boolean left, boolean right) {
    String chars = text.chars();
    int from = 0;
    int to = chars.length();
    while (left && from < to && gone.test(chars.codePointAt(from))) {
      from += Character.charCount(chars.codePointAt(from));
    }
    while (right && to > from && gone.test(chars.codePointBefore(to))) {
      to -= Character.charCount(chars.codePointBefore(to));
    }
    return text.slice(from, to);
  }

  static int length(MarkedText text) {
    return text.chars().codePointCount(0, text.length());
  }

  static MarkedText upper(MarkedText text) {
    return eachRun(text, run -> run.toUpperCase(Locale.ROOT));
  }

  static MarkedText lower(MarkedText text) {
    return eachRun(text, run -> run.toLowerCase(Locale.ROOT));
  }

  static MarkedText capitalize(MarkedText text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.chars().offsetByCodePoints(0, 1);
    return eachRun(
            text.slice(0, first),
            run -> Character.toString(Character.toTitleCase(run.codePointAt(0))))
        .plus(lower(text.slice(first, text.length())));
  }

  /** Jinja's {@code title}: the first letter of every word upper case, the rest lower case. */
  static MarkedText title(MarkedText text) {
    MarkedText.Builder out = new MarkedText.Builder();
    String chars = text.chars();
    int word = 0;
    for (int i = 0; i <= chars.length(); i++) {
      if (i == chars.length()
          || "-({[<".indexOf(chars.charAt(i)) >= 0
          || isSpace(chars.charAt(i))) {
        out.add(capitalize(text.slice(word, i)));
        if (i < chars.length()) {
          out.add(text.slice(i, i + 1));
        }
        word = i + 1;
      }
    }
    return out.build();
  }

  static MarkedText replace(MarkedText text, String old, MarkedText fresh, long most) {
    MarkedText.Builder out = new MarkedText.Builder();
    int from = 0;
    int at = text.chars().indexOf(old);
    for (long n = 0; at >= 0 && (most < 0 || n < most); n++) {
      out.add(text.slice(from, at)).add(fresh);
      from = at + old.length();
      at = text.chars().indexOf(old, from);
    }
    return out.add(text.slice(from, text.length())).build();
  }

  static List<Value> split(MarkedText text, String separator, long most) {
    List<Value> parts = new ArrayList<>();
    int from = 0;
    int at = text.chars().indexOf(separator);
    while (at >= 0 && (most < 0 || parts.size() < most)) {
      parts.add(text.slice(from, at));
      from = at + separator.length();
      at = text.chars().indexOf(separator, from);
    }
    parts.add(text.slice(from, text.length()));
    return parts;
  }

  /** Python's {@code str.split()}: the words between white space. */
  static List<Value> words(MarkedText text) {
    List<Value> parts = new ArrayList<>();
    int from = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean inside = i < text.length() && !isSpace(text.chars().charAt(i));
      if (inside && from < 0) {
        from = i;
      } else if (!inside && from >= 0) {
        parts.add(text.slice(from, i));
        from = -1;
      }
    }
    return parts;
  }

  static List<Value> characters(MarkedText text) {
    List<Value> parts = new ArrayList<>();
    for (int i = 0; i < text.length(); ) {
      int next = text.chars().offsetByCodePoints(i, 1);
      parts.add(text.slice(i, next));
      i = next;
    }
    return parts;
  }

  private static MarkedText eachRun(MarkedText text, UnaryOperator<String> change) {
    MarkedText.Builder out = new MarkedText.Builder();
    for (int from = 0; from < text.length(); ) {
      int to = text.runEnd(from);
      out.add(change.apply(text.chars().substring(from, to)), text.isLiteral(from, to));
      from = to;
    }
    return out.build();
  }
}
