package dev.unmask.sft.vocabulary;

import java.util.List;

/**
 * A byte-level BPE vocabulary. The id of a token is its place: the 256 bytes, then one token for
 * each merge, then the special tokens.
 *
 * @param tokens the learnt tokens in the letters of {@link ByteAlphabet}
 * @param merges the pairs of tokens that are joined, most urgent first
 * @param special the special tokens, which are no text
 */
public record Vocabulary(List<String> tokens, List<Merge> merges, List<String> special) {

  /** Two tokens that become one. */
  public record Merge(String left, String right) {}

  public Vocabulary {
    tokens = List.copyOf(tokens);
    merges = List.copyOf(merges);
    special = List.copyOf(special);
  }

  /** Number of ids. */
  public int size() {
    return tokens.size() + special.size();
  }
}
