package dev.unmask.text.template;

import java.util.BitSet;

/**
 * A text that knows of each of its characters whether the template wrote it or a user. Immutable.
 */
public final class MarkedText implements Value {

  static final MarkedText EMPTY = new MarkedText("", new BitSet());

  private final String chars;

  /** Bit i is set when UTF-16 unit i comes from the template; never changed. */
  private final BitSet literal;

  private MarkedText(String chars, BitSet literal) {
    this.chars = chars;
    this.literal = literal;
  }

  /** A text of the template, in which control tokens are control tokens. */
  public static MarkedText literal(String chars) {
    BitSet all = new BitSet(chars.length());
    all.set(0, chars.length());
    return new MarkedText(chars, all);
  }

  /** A text of a user, in which nothing is a control token. */
  public static MarkedText content(String chars) {
    return new MarkedText(chars, new BitSet());
  }

  public String chars() {
    return chars;
  }

  /** In UTF-16 units. */
  public int length() {
    return chars.length();
  }

  public boolean isEmpty() {
    return chars.isEmpty();
  }

  /** Whether the template wrote all of {@code [from, to)}. */
  public boolean isLiteral(int from, int to) {
    return literal.nextClearBit(from) >= to;
  }

  /** Where the run of characters from one source that holds {@code at} ends. */
  public int runEnd(int at) {
    int end = literal.get(at) ? literal.nextClearBit(at) : literal.nextSetBit(at);
    return end < 0 ? chars.length() : Math.min(end, chars.length());
  }

  /** The characters of {@code [from, to)}, in UTF-16 units. */
  public MarkedText slice(int from, int to) {
    return from == 0 && to == chars.length()
        ? this
        : new MarkedText(chars.substring(from, to), literal.get(from, to));
  }

  /** This text, then {@code next}. */
  public MarkedText plus(MarkedText next) {
    if (next.isEmpty()) {
      return this;
    }
    return isEmpty() ? next : new Builder().add(this).add(next).build();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MarkedText text
        && chars.equals(text.chars)
        && literal.equals(text.literal);
  }

  @Override
  public int hashCode() {
    return chars.hashCode();
  }

  /** The characters alone. */
  @Override
  public String toString() {
    return chars;
  }

  /** Joins texts. One thread. */
  static final class Builder {

    private final StringBuilder chars = new StringBuilder();
    private final BitSet literal = new BitSet();

    Builder add(MarkedText text) {
      int offset = chars.length();
      for (int from = text.literal.nextSetBit(0); from >= 0; ) {
        int to = text.literal.nextClearBit(from);
        literal.set(offset + from, offset + to);
        from = text.literal.nextSetBit(to);
      }
      chars.append(text.chars);
      return this;
    }

    Builder add(String more, boolean isLiteral) {
      int offset = chars.length();
      chars.append(more);
      literal.set(offset, chars.length(), isLiteral);
      return this;
    }

    MarkedText build() {
      return new MarkedText(chars.toString(), (BitSet) literal.clone());
    }
  }
}
