package dev.unmask.text;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Texts that end an answer: it is cut before the first of them, and they are not part of it.
 *
 * <p>The first one is the one that begins first; of several that begin at the same place, the
 * shortest, because it is complete first. This does not depend on how the text was cut into tokens
 * or blocks. Immutable.
 */
public final class StopStrings {

  /** How many one request may name. */
  public static final int MOST = 16;

  /** How long one may be, in characters (Unicode code points). */
  public static final int LONGEST = 256;

  public static final StopStrings NONE = new StopStrings(List.of());

  private final List<String> strings;

  private StopStrings(List<String> strings) {
    this.strings = strings;
  }

  /**
   * The stop strings of a request, in any order; one given twice counts once.
   *
   * @throws IllegalArgumentException with a sentence for the caller: too many, one empty, too long,
   *     or with half a surrogate pair
   */
  public static StopStrings of(List<String> strings) {
    if (strings.size() > MOST) {
      throw new IllegalArgumentException(
          "There are " + strings.size() + " stop strings; a request may name at most " + MOST);
    }
    for (int i = 0; i < strings.size(); i++) {
      String one = strings.get(i);
      if (one.isEmpty()) {
        throw new IllegalArgumentException(
            "Stop string " + i + " is empty and would end every answer at once");
      }
      int length = one.codePointCount(0, one.length());
      if (length > LONGEST) {
        throw new IllegalArgumentException(
            "Stop string " + i + " has " + length + " characters; it may have at most " + LONGEST);
      }
      if (!one.equals(wellFormed(one))) {
        throw new IllegalArgumentException(
            "Stop string " + i + " has half a surrogate pair, which no text contains");
      }
    }
    return strings.isEmpty() ? NONE : new StopStrings(List.copyOf(new LinkedHashSet<>(strings)));
  }

  public boolean isEmpty() {
    return strings.isEmpty();
  }

  public List<String> strings() {
    return strings;
  }

  /** A whole answer, cut before its first stop string where it has one. */
  public Cut cut(String text) {
    Scan scan = scan(text, 0, text.length());
    return scan.stop() == null
        ? new Cut(text, Optional.empty())
        : new Cut(text.substring(0, scan.match()), Optional.of(scan.stop()));
  }

  /**
   * Whether an answer that begins with these committed ids is over: a stop string stands in it, and
   * nothing that is still to come can complete one that begins before it. Depends on nothing but
   * its arguments.
   *
   * @param committed all committed ids from the first slot on
   */
  public boolean endIn(LladaTokenizer tokenizer, int[] committed) {
    if (strings.isEmpty()) {
      return false;
    }
    CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer, this);
    decoder.advance(committed);
    return decoder.stopped();
  }

  /**
   * Looks for stop strings in {@code text[from, to)}, which may go on behind {@code to}.
   *
   * @param from where the text that was not looked at yet begins; no stop string begins before it
   */
  Scan scan(String text, int from, int to) {
    int pending = -1;
    for (int at = from; at < to; at++) {
      @Nullable String shortest = null;
      for (String stop : strings) {
        int there = Math.min(stop.length(), to - at);
        if (text.startsWith(stop.substring(0, there), at)) {
          if (there == stop.length()) {
            shortest = shortest == null || stop.length() < shortest.length() ? stop : shortest;
          } else if (pending < 0) {
            pending = at;
          }
        }
      }
      if (shortest != null) {
        return new Scan(at, shortest, pending >= 0 && pending < at ? pending : -1);
      }
    }
    return new Scan(-1, null, pending);
  }

  /** {@code text} with U+FFFD for every half of a surrogate pair. */
  static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return text.codePoints()
            .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
      }
    }
    return text;
  }

  /**
   * An answer's text, and the stop string that ended it.
   *
   * @param text everything before the stop string
   */
  public record Cut(String text, Optional<String> stoppedBy) {}

  /**
   * @param match where the first complete stop string begins, or -1
   * @param stop that stop string
   * @param pending where something begins, before {@code match} if there is one, that later text
   *     could complete to a stop string, or -1
   */
  record Scan(int match, @Nullable String stop, int pending) {}
}
