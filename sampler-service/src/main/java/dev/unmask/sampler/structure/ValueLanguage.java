package dev.unmask.sampler.structure;

import dev.unmask.model.engine.SlotLanguage;
import dev.unmask.text.schema.Shape.Alternative;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Builds the language of one value's slots: the JSON text of any of its alternatives, then padding.
 * The length of a word in tokens is not fixed, so a slot behind the value's end holds padding, and
 * none stands before it.
 */
final class ValueLanguage {

  /** Slots of a string when the schema does not say how long it may be, its quote included. */
  static final int USUAL_TEXT = 32;

  /** Slots of a string that may be long, its quote included. */
  static final int LONGEST_TEXT = 64;

  private final Alphabet alphabet;
  private final int most;
  private final SlotLanguage.Builder language = SlotLanguage.builder();
  private final int end = language.state();
  private int slots = 1;

  /**
   * @param most slots that there may be; of a longer value only the length is found
   */
  ValueLanguage(Alphabet alphabet, int most) {
    this.alphabet = alphabet;
    this.most = most;
    language.edge(end, alphabet.padding(), end).accept(end);
  }

  /** Slots that the longest alternative needs. */
  int slots() {
    return slots;
  }

  /** Edges of the automaton so far. */
  int edges() {
    return language.edges();
  }

  SlotLanguage build() {
    return language.build();
  }

  /** Says that nothing at all may stand there. */
  void nothing() {
    language.accept(0).edge(0, alphabet.padding(), end);
  }

  /** Tokens of a value that is given in full. */
  private void literal(int[] tokens) {
    int state = 0;
    for (int i = 0; i < tokens.length; i++) {
      int next = i == tokens.length - 1 ? end : language.state();
      language.edge(state, alphabet.of(tokens[i]), next);
      state = next;
    }
    slots = Math.max(slots, tokens.length);
  }

  /**
   * A string.
   *
   * @param opened whether its first quote stands before the slots already
   */
  private void text(Alternative.Text text, boolean opened) {
    int usual = text.maxLength() == Integer.MAX_VALUE ? USUAL_TEXT : LONGEST_TEXT;
    // A token is at least one character, so a minimum has room, too.
    int content = Math.max(Math.min(text.maxLength(), usual - 1), text.minLength());
    if (content > most) {
      slots = Math.max(slots, Math.min(content, Integer.MAX_VALUE - 2) + 2);
      return;
    }
    int start = 0;
    if (!opened) {
      start = language.state();
      language.edge(0, alphabet.of('"'), start);
    }
    // Beyond this the slots cannot come, so nobody has to count.
    boolean counted = text.maxLength() < (long) content * PlainTokens.LONGEST;
    int last = counted ? text.maxLength() : text.minLength();
    int[] after = new int[last + 1];
    after[0] = start;
    for (int count = 1; count <= last; count++) {
      after[count] = language.state();
    }
    for (int count = 0; count <= last; count++) {
      for (int points = 1; points <= PlainTokens.LONGEST; points++) {
        int sum = count + points;
        if (!counted) {
          language.edge(after[count], alphabet.text(points), after[Math.min(sum, last)]);
        } else if (sum <= last) {
          language.edge(after[count], alphabet.text(points), after[sum]);
        }
      }
      if (count >= text.minLength()) {
        language.edge(after[count], alphabet.of('"'), end);
      }
    }
    slots = Math.max(slots, content + (opened ? 1 : 2));
  }

  /** A number in decimal digits, without an exponent. */
  private void number(Alternative.Numeral number) {
    BigDecimal zero = BigDecimal.ZERO;
    if (number.highest().signum() >= 0) {
      magnitudes(0, 0, number.lowest().max(zero), number.highest(), number.fractionDigits());
    }
    if (number.lowest().signum() < 0) {
      int minus = language.state();
      language.edge(0, alphabet.of('-'), minus);
      BigDecimal least =
          number.highest().negate().max(BigDecimal.ONE.movePointLeft(number.fractionDigits()));
      magnitudes(minus, 1, least, number.lowest().negate(), number.fractionDigits());
    }
  }

  private void magnitudes(
      int start, int before, BigDecimal least, BigDecimal most, int fractionDigits) {
    Digits digits = new Digits();
    for (int fraction = 0; fraction <= fractionDigits; fraction++) {
      BigInteger low =
          least.movePointRight(fraction).setScale(0, RoundingMode.CEILING).toBigInteger();
      BigInteger high =
          most.movePointRight(fraction).setScale(0, RoundingMode.FLOOR).toBigInteger();
      int longest = Math.max(high.toString().length(), fraction + 1);
      for (int length = fraction + 1; length <= longest; length++) {
        // Only a number below one begins with a zero.
        BigInteger from =
            low.max(length == fraction + 1 ? BigInteger.ZERO : BigInteger.TEN.pow(length - 1));
        BigInteger to = high.min(BigInteger.TEN.pow(length).subtract(BigInteger.ONE));
        if (from.compareTo(to) <= 0) {
          digits.expand(
              start, new Rest(length, fraction, padded(from, length), padded(to, length)));
          slots = Math.max(slots, before + length + (fraction > 0 ? 1 : 0));
        }
      }
    }
  }

  private static String padded(BigInteger number, int length) {
    String text = number.toString();
    return "0".repeat(length - text.length()) + text;
  }

  /**
   * Digits still to be written.
   *
   * @param fraction how many of them stand behind a point that is not written yet; 0 when it is, or
   *     there is none
   * @param low what they must not fall below; null is anything
   * @param high what they must not exceed; null is anything
   */
  private record Rest(int digits, int fraction, @Nullable String low, @Nullable String high) {

    Rest {
      low = low == null || low.chars().allMatch(c -> c == '0') ? null : low;
      high = high == null || high.chars().allMatch(c -> c == '9') ? null : high;
    }

    Rest after(char digit) {
      return new Rest(digits - 1, fraction, tail(low, digit), tail(high, digit));
    }

    /** What a bound still says when this digit was written: nothing, when it was not met. */
    private static @Nullable String tail(@Nullable String bound, char digit) {
      return bound != null && bound.charAt(0) == digit ? bound.substring(1) : null;
    }
  }

  /** States of the digits that are left, each made once. */
  private final class Digits {

    private final Map<Rest, Integer> states = new HashMap<>();

    private int state(Rest rest) {
      Integer known = states.get(rest);
      if (known != null) {
        return known;
      }
      int state = rest.digits() == 0 ? end : language.state();
      states.put(rest, state);
      if (rest.digits() > 0) {
        expand(state, rest);
      }
      return state;
    }

    void expand(int from, Rest rest) {
      if (rest.fraction() > 0 && rest.digits() == rest.fraction()) {
        language.edge(
            from, alphabet.of('.'), state(new Rest(rest.digits(), 0, rest.low(), rest.high())));
        return;
      }
      String low = rest.low();
      String high = rest.high();
      char first = low == null ? '0' : low.charAt(0);
      char last = high == null ? '9' : high.charAt(0);
      for (char digit = first; digit <= last; digit++) {
        language.edge(from, alphabet.of(digit), state(rest.after(digit)));
      }
    }
  }

  /** Adds an alternative; {@code tokens} gives those of a literal. */
  void add(Alternative alternative, Function<Alternative.Literal, int[]> tokens, boolean opened) {
    switch (alternative) {
      case Alternative.Text text -> text(text, opened);
      case Alternative.Numeral number -> number(number);
      case Alternative.Literal literal -> literal(tokens.apply(literal));
    }
  }
}
