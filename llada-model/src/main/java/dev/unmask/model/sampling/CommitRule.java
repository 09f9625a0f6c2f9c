package dev.unmask.model.sampling;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Decides which of a step's candidates are committed. */
public sealed interface CommitRule {

  /**
   * Chooses candidates.
   *
   * @param confidence of each masked slot of the block, in the order of slots, at least one
   * @return indices into {@code confidence}, ascending; may be none
   */
  int[] pick(double[] confidence);

  /** The rule for one block of {@code slots}. */
  static CommitRule of(Decoding decoding, int slots, int blocks) {
    return switch (decoding) {
      case Decoding.Quota quota -> new Quotas(slots, quota.steps() / blocks);
      case Decoding.Threshold t -> new AtLeast(t.threshold());
    };
  }

  /**
   * A number of candidates per step: the most confident, ties at the lowest slot. One rule serves
   * one block.
   */
  final class Quotas implements CommitRule {
    private final int slots;
    private final int steps;
    private int step;

    /** For a block of {@code slots} that is filled in {@code steps}. */
    public Quotas(int slots, int steps) {
      this.slots = slots;
      this.steps = steps;
    }

    /** Commits planned for a step: n div s, and one more in the first n mod s steps. */
    public int quota(int atStep) {
      return slots / steps + (atStep < slots % steps ? 1 : 0);
    }

    @Override
    public int[] pick(double[] confidence) {
      return IntStream.range(0, confidence.length)
          .boxed()
          // The stream is in slot order and sorted() is stable: ties stay with the lowest slot.
          .sorted(Comparator.comparingDouble((Integer i) -> -confidence[i]))
          .limit(quota(step++))
          .mapToInt(Integer::intValue)
          .sorted()
          .toArray();
    }
  }

  /** Every candidate at or above a confidence, and always the first of the best. */
  record AtLeast(double threshold) implements CommitRule {
    @Override
    public int[] pick(double[] confidence) {
      double most = Arrays.stream(confidence).max().orElseThrow();
      int best =
          IntStream.range(0, confidence.length)
              .filter(i -> confidence[i] == most)
              .findFirst()
              .orElseThrow();
      return IntStream.range(0, confidence.length)
          .filter(i -> i == best || confidence[i] >= threshold)
          .toArray();
    }
  }
}
