package dev.unmask.sampler.structure;

import dev.unmask.text.LladaTokenizer;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.WeakHashMap;

/**
 * What the tokens of a tokenizer say inside of a JSON string. Thread-safe.
 *
 * <p>A token is plain when its text is whole characters and none of them needs an escape: no quote,
 * no backslash, no control character, no part of a character.
 */
final class PlainTokens {

  /** Longest text of a plain token, in code points; longer ones are seldom words. */
  static final int LONGEST = 16;

  private static final Map<LladaTokenizer, PlainTokens> MADE = new WeakHashMap<>();

  /** Code points of each id's text; 0 where it is not plain. */
  private final int[] codePoints;

  private final Map<String, Integer> single = new HashMap<>();

  private PlainTokens(LladaTokenizer tokenizer) {
    codePoints = new int[tokenizer.vocabularySize()];
    for (int id = 0; id < codePoints.length; id++) {
      if (tokenizer.isSpecial(id)) {
        continue;
      }
      String text = tokenizer.decode(new int[] {id});
      int count = text.codePointCount(0, text.length());
      if (count == 1) {
        single.putIfAbsent(text, id);
      }
      if (count <= LONGEST && text.codePoints().allMatch(PlainTokens::isPlain)) {
        codePoints[id] = count;
      }
    }
  }

  /** Those of a tokenizer; the first call decodes its whole vocabulary. */
  static PlainTokens of(LladaTokenizer tokenizer) {
    synchronized (MADE) {
      return MADE.computeIfAbsent(tokenizer, PlainTokens::new);
    }
  }

  private static boolean isPlain(int c) {
    return c >= ' ' && c != '"' && c != '\\' && c != 0x7f && c != 0xfffd;
  }

  int vocabularySize() {
    return codePoints.length;
  }

  /** Code points of a token's text; 0 when it is not plain. */
  int codePoints(int id) {
    return codePoints[id];
  }

  /** The token that is this one character. */
  OptionalInt token(char c) {
    Integer id = single.get(String.valueOf(c));
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
