package dev.unmask.sampler.structure;

import dev.unmask.model.sampling.TokenClasses;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The classes of tokens that the values of one layout are made of. Tokens that mean something by
 * themselves (digits, the quote, pieces of an enum's values) have a class each; all other plain
 * ones are sorted by their number of code points. Immutable after it was made.
 */
final class Alphabet {

  private static final String SIGNS = "\"-.0123456789 ";

  private final LladaTokenizer tokenizer;
  private final PlainTokens plain;
  private final Map<Integer, Integer> classOf = new TreeMap<>();
  private final TokenClasses classes;
  private final BitSet padding = new BitSet();

  /** For each number of code points from 1, the classes of plain text that long. */
  private final List<BitSet> text = new ArrayList<>();

  /**
   * Sorts the vocabulary.
   *
   * @param literals tokens of values that are given in full
   * @throws UnfitSchemaException when the tokenizer lacks a token for a sign of JSON
   */
  Alphabet(LladaTokenizer tokenizer, List<int[]> literals) throws UnfitSchemaException {
    this.tokenizer = tokenizer;
    this.plain = PlainTokens.of(tokenizer);
    int next = 1 + PlainTokens.LONGEST;
    List<Integer> single = new ArrayList<>();
    for (int i = 0; i < SIGNS.length(); i++) {
      char sign = SIGNS.charAt(i);
      single.add(
          plain
              .token(sign)
              .orElseThrow(() ->
                  new UnfitSchemaException(
                      "the model's tokenizer has no token for '"
                          + sign
                          + "' alone, so its answers cannot be held to a schema")));
    }
    single.add(tokenizer.special().eos());
    for (int[] literal : literals) {
      for (int id : literal) {
        single.add(id);
      }
    }
    for (int id : single) {
      if (!classOf.containsKey(id)) {
        classOf.put(id, next++);
      }
    }
    int[] ofToken = new int[Math.max(plain.vocabularySize(), tokenizer.special().eos() + 1)];
    for (int count = 0; count < PlainTokens.LONGEST; count++) {
      text.add(new BitSet());
    }
    for (int id = 0; id < ofToken.length; id++) {
      int points = id < plain.vocabularySize() ? plain.codePoints(id) : 0;
      ofToken[id] = classOf.getOrDefault(id, points);
      if (points > 0) {
        text.get(points - 1).set(ofToken[id]);
      }
    }
    classes = new TokenClasses(ofToken);
    padding.set(of(' '));
    padding.set(classes.of(filler()));
  }

  TokenClasses classes() {
    return classes;
  }

  /** What stands behind a value: nothing that anybody reads. */
  BitSet padding() {
    return padding;
  }

  /** The token of padding where nothing else is decided. */
  int filler() {
    return tokenizer.special().eos();
  }

  /** The class of a sign: a quote, a digit, a point, a minus or a space. */
  int of(char sign) {
    return classes.of(plain.token(sign).orElseThrow());
  }

  /** The class of a token of a literal. */
  int of(int token) {
    return classes.of(token);
  }

  /** Classes of plain tokens with this many code points, from 1 to {@link PlainTokens#LONGEST}. */
  BitSet text(int codePoints) {
    return text.get(codePoints - 1);
  }
}
