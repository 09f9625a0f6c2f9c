package dev.unmask.text;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Judges a regular expression of a tokenizer.json before the native library compiles it.
 *
 * <p>That library runs Oniguruma, which gives up after ten million retries of one match, and then
 * the JVM aborts; brackets nested by the thousand overflow its stack. So a pattern may repeat only
 * characters, classes and groups that match in one way (no choice, no repetition but a fixed count
 * inside, as in {@code (?:\\d{3})*}), and an alternative may hold two repetitions without end only
 * where nothing that could fail follows the second: then the retries of one match grow with the
 * length of the text and no faster. The patterns of published tokenizers are all of that form.
 */
final class SplitPattern {

  private static final int LONGEST = 10_000;
  private static final int MOST_BRACKETS = 250;

  /** A count with one value, and no sign behind it that would make it another repetition. */
  private static final Pattern FIXED_COUNT = Pattern.compile("\\{[0-9]{1,2}\\}(?![?*+{])");

  private final String pattern;
  private int at;

  /** For each open group, how many repetitions without end stood before it. */
  private final Deque<Integer> open = new ArrayDeque<>();

  /** For each open group, whether it matches in one way only. */
  private final Deque<Boolean> rigid = new ArrayDeque<>();

  private int brackets;

  /** Repetitions without end in this alternative, and whether something can fail behind two. */
  private int endless;

  private boolean failsAfterTwo;

  private SplitPattern(String pattern) {
    this.pattern = pattern;
  }

  /** Why a pattern is refused: something it does. */
  static Optional<String> refusal(String pattern) {
    if (pattern.length() > LONGEST) {
      return Optional.of("is longer than " + LONGEST + " characters");
    }
    return new SplitPattern(pattern).judge();
  }

  private Optional<String> judge() {
    while (at < pattern.length()) {
      char c = pattern.charAt(at);
      boolean groupEnds = false;
      boolean rigidGroup = false;
      int before = open.isEmpty() ? 0 : open.peek();
      if (c == '|' && open.isEmpty()) {
        if (failsAfterTwo) {
          break;
        }
        endless = 0;
        at++;
        continue;
      }
      if (c == '(') {
        open.push(endless);
        rigid.push(true);
        brackets++;
        at++;
        // "(?" begins an option, not a quantifier.
        at += at < pattern.length() && pattern.charAt(at) == '?' ? 1 : 0;
        continue;
      }
      if (c == '\\' && pattern.startsWith("g", at + 1)) {
        return Optional.of("calls itself");
      }
      if (c == ')') {
        groupEnds = true;
        before = open.isEmpty() ? 0 : open.pop();
        rigidGroup = !rigid.isEmpty() && rigid.pop();
        if (!rigidGroup) {
          loosen();
        }
        at++;
      } else if (c == '[') {
        skipClass();
      } else {
        at += c == '\\' ? 2 : 1;
      }
      if (c == '|') {
        loosen();
      }
      boolean fixed = FIXED_COUNT.matcher(pattern).region(at, pattern.length()).lookingAt();
      Repetition repetition = repetition();
      if (repetition != Repetition.NONE && !fixed) {
        loosen();
      }
      if (groupEnds
          && !rigidGroup
          && repetition != Repetition.NONE
          && repetition != Repetition.OPTIONAL) {
        return Optional.of("repeats a group that can match in several ways");
      }
      // Behind two, a group that must match can fail; inside a group, so can what follows there.
      failsAfterTwo |=
          endless >= 2
              && repetition != Repetition.OPTIONAL
              && (groupEnds ? before >= 2 : before < 2);
      if (at < pattern.length() && repetition != Repetition.NONE && counted() != Repetition.NONE) {
        return Optional.of("repeats a repetition");
      }
      endless += repetition == Repetition.ENDLESS ? 1 : 0;
      if (endless > 2) {
        failsAfterTwo = true;
      }
    }
    if (brackets > MOST_BRACKETS) {
      return Optional.of("has more than " + MOST_BRACKETS + " brackets");
    }
    return failsAfterTwo
        ? Optional.of("repeats without end and then needs more, which can take for ever")
        : Optional.empty();
  }

  /** The group around this place matches in more than one way. */
  private void loosen() {
    if (!rigid.isEmpty()) {
      rigid.pop();
      rigid.push(false);
    }
  }

  private void skipClass() {
    int nested = 0;
    do {
      char c = pattern.charAt(at);
      if (c == '\\') {
        at++;
      } else if (c == '[') {
        nested++;
        brackets++;
      } else if (c == ']') {
        nested--;
      }
      at++;
    } while (nested > 0 && at < pattern.length());
  }

  private Repetition repetition() {
    if (at >= pattern.length()) {
      return Repetition.NONE;
    }
    Repetition found =
        switch (pattern.charAt(at)) {
          case '*', '+' -> Repetition.ENDLESS;
          case '?' -> Repetition.OPTIONAL;
          case '{' -> counted();
          default -> Repetition.NONE;
        };
    if (found == Repetition.NONE) {
      return found;
    }
    at = pattern.charAt(at) == '{' ? pattern.indexOf('}', at) + 1 : at + 1;
    // The sign of a lazy or possessive repetition, or a repetition of a repetition.
    while (at < pattern.length() && "?*+".indexOf(pattern.charAt(at)) >= 0) {
      found = pattern.charAt(at) == '?' || found == Repetition.ENDLESS ? found : Repetition.ENDLESS;
      at++;
    }
    return found;
  }

  private Repetition counted() {
    int end = pattern.charAt(at) == '{' ? pattern.indexOf('}', at) : -1;
    String counts = end < 0 ? "" : pattern.substring(at + 1, end);
    if (!counts.matches("[0-9]*,?[0-9]*") || counts.isEmpty()) {
      return Repetition.NONE;
    }
    return counts.matches("[0-9]{1,2}(,[0-9]{1,2})?") ? Repetition.COUNTED : Repetition.ENDLESS;
  }

  private enum Repetition {
    NONE,
    OPTIONAL,
    COUNTED,
    ENDLESS
  }
}
