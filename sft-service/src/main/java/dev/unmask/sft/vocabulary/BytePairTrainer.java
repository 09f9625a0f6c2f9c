package dev.unmask.sft.vocabulary;

import dev.unmask.sft.vocabulary.Vocabulary.Merge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Learns a byte-level BPE: again and again the most frequent pair of neighbouring tokens becomes a
 * token (Sennrich et al., arXiv 1508.07909). Equal counts are decided by the lower left id, then
 * the lower right id, so the result depends on the counts alone.
 */
public final class BytePairTrainer {

  /** LLaDA's special tokens, at the end of the vocabulary. */
  public static final List<String> SPECIAL =
      List.of(
          "<|startoftext|>",
          "<|endoftext|>",
          "<|mdm_mask|>",
          "<|start_header_id|>",
          "<|end_header_id|>",
          "<|eot_id|>");

  /** A pair with the count it had when it was queued. */
  private record Candidate(long pair, long count) {}

  private final PriorityQueue<Candidate> queue =
      new PriorityQueue<>(
          Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair));
  private final List<int[]> words = new ArrayList<>();
  private final List<Long> wordCounts = new ArrayList<>();
  private final Map<Long, Long> pairCounts = new HashMap<>();
  private final Map<Long, Set<Integer>> pairWords = new HashMap<>();

  private BytePairTrainer(Map<String, Long> counts) {
    counts.forEach((word, count) -> {
      words.add(ByteAlphabet.bytes(word));
      wordCounts.add(count);
    });
    for (int word = 0; word < words.size(); word++) {
      count(word, 1);
    }
  }

  /**
   * Learns from word counts.
   *
   * @param size ids in all, special tokens included; fewer come out when no pair occurs twice
   */
  public static Vocabulary train(Map<String, Long> counts, int size) {
    int merges = size - 256 - SPECIAL.size();
    if (merges < 0) {
      throw new IllegalArgumentException(
          "a vocabulary of "
              + size
              + " has no room for 256 bytes and "
              + SPECIAL.size()
              + " special tokens");
    }
    return new BytePairTrainer(counts).learn(merges);
  }

  private Vocabulary learn(int wanted) {
    List<String> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(String.valueOf(ByteAlphabet.letter(b)));
    }
    Map<String, Integer> ids = new HashMap<>();
    tokens.forEach(token -> ids.put(token, ids.size()));
    List<Merge> merges = new ArrayList<>();
    int size = tokens.size() + wanted;
    while (tokens.size() < size) {
      long best = mostFrequentPair();
      if (best < 0) {
        break;
      }
      String left = tokens.get(left(best));
      String right = tokens.get(right(best));
      // Two pairs can spell one token: both merges then lead to the id it already has.
      Integer id = ids.putIfAbsent(left + right, tokens.size());
      if (id == null) {
        id = tokens.size();
        tokens.add(left + right);
      }
      merges.add(new Merge(left, right));
      join(best, id);
    }
    return new Vocabulary(tokens, merges, SPECIAL);
  }

  /**
   * The pair to join next, or -1 when none occurs twice. Counts that fell since are queued anew.
   */
  private long mostFrequentPair() {
    while (!queue.isEmpty()) {
      Candidate top = queue.remove();
      long count = pairCounts.getOrDefault(top.pair(), 0L);
      if (count == top.count() && count > 1) {
        return top.pair();
      }
      if (count > 1 && count < top.count()) {
        queue.add(new Candidate(top.pair(), count));
      }
    }
    return -1;
  }

  private void join(long pair, int id) {
    for (int word : List.copyOf(pairWords.getOrDefault(pair, Set.of()))) {
      count(word, -1);
      int[] old = words.get(word);
      int[] joined = new int[old.length];
      int n = 0;
      for (int i = 0; i < old.length; i++) {
        if (i + 1 < old.length && pair(old[i], old[i + 1]) == pair) {
          joined[n++] = id;
          i++;
        } else {
          joined[n++] = old[i];
        }
      }
      words.set(word, java.util.Arrays.copyOf(joined, n));
      count(word, 1);
    }
    pairCounts.remove(pair);
    pairWords.remove(pair);
  }

  private void count(int word, int sign) {
    int[] ids = words.get(word);
    long change = sign * wordCounts.get(word);
    for (int i = 0; i + 1 < ids.length; i++) {
      long pair = pair(ids[i], ids[i + 1]);
      long count = pairCounts.merge(pair, change, Long::sum);
      if (sign > 0) {
        queue.add(new Candidate(pair, count));
      }
      Set<Integer> users = pairWords.computeIfAbsent(pair, p -> new HashSet<>());
      if (sign > 0) {
        users.add(word);
      } else {
        users.remove(word);
      }
    }
  }

  private static long pair(int left, int right) {
    return ((long) left << 32) | right;
  }

  private static int left(long pair) {
    return (int) (pair >>> 32);
  }

  private static int right(long pair) {
    return (int) pair;
  }
}
