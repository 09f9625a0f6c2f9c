package dev.unmask.model.sampling;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Decides which masked slots of a block a step looks at, and which of them it commits. Without a
 * state of its own: the step is an argument, counted from 0 in each block.
 */
public sealed interface CommitRule
    permits CommitRule.Quotas,
        CommitRule.RandomQuotas,
        CommitRule.AtLeast,
        CommitRule.Sure,
        CommitRule.Certain,
        Timesteps.Independent,
        Timesteps.Ranked {

  /** Planned steps of the block; 0 when it takes as many as it needs. */
  default int steps() {
    return 0;
  }

  /**
   * The slots whose predictions the step needs.
   *
   * @param masked positions of the block's masked slots, ascending, at least one
   * @param uniform the step's random number in (0, 1) for a position
   * @return some of {@code masked}, ascending; none when the step commits nothing, so that it needs
   *     no forward pass
   */
  default int[] ask(int step, int[] masked, IntToDoubleFunction uniform) {
    return masked;
  }

  /**
   * The slots to commit.
   *
   * @param asked what {@link #ask} returned, at least one
   * @param scores of each asked slot, larger is committed sooner
   * @return indices into {@code asked}, ascending, at least one
   */
  int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform);

  /** The rule for one block of {@code slots}, of {@code blocks} that share the steps. */
  static CommitRule of(Decoding decoding, Remasking remasking, int slots, int blocks) {
    return switch (decoding) {
      case Decoding.Quota quota ->
          remasking == Remasking.RANDOM
              ? new RandomQuotas(slots, quota.steps() / blocks)
              : new Quotas(slots, quota.steps() / blocks);
      case Decoding.Threshold t -> new AtLeast(t.threshold());
      case Decoding.Factor f -> new Sure(f.factor());
      case Decoding.EntropyBound e -> new Certain(e.gamma());
      case Decoding.Dream dream ->
          dream.algorithm() == DreamAlgorithm.ORIGIN
              ? new Timesteps.Independent(dream.steps() / blocks)
              : new Timesteps.Ranked(dream.steps() / blocks, dream.drawTemperature());
    };
  }

  /** A number of candidates per step: the highest scores, ties at the lowest slot. */
  record Quotas(int slots, int steps) implements CommitRule {

    /** Commits planned for a step: n div s, and one more in the first n mod s steps. */
    public int quota(int step) {
      return slots / steps + (step < slots % steps ? 1 : 0);
    }

    @Override
    public int[] ask(int step, int[] masked, IntToDoubleFunction uniform) {
      return quota(step) == 0 ? new int[0] : masked;
    }

    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      return highest(quota(step), scores);
    }
  }

  /**
   * As many as {@link Quotas}, but random ones: these are known before the forward pass, which
   * therefore predicts no others.
   */
  record RandomQuotas(int slots, int steps) implements CommitRule {
    @Override
    public int[] ask(int step, int[] masked, IntToDoubleFunction uniform) {
      double[] order = Arrays.stream(masked).mapToDouble(uniform).toArray();
      return Arrays.stream(highest(new Quotas(slots, steps).quota(step), order))
          .map(i -> masked[i])
          .toArray();
    }

    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      return IntStream.range(0, asked.length).toArray();
    }
  }

  /** Every candidate at or above a confidence, and always the first of the best. */
  record AtLeast(double threshold) implements CommitRule {
    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      int best = highest(1, scores)[0];
      return IntStream.range(0, scores.length)
          .filter(i -> i == best || scores[i] >= threshold)
          .toArray();
    }
  }

  /** The largest n of the most confident with (n + 1)(1 - c_n) below the factor, at least one. */
  record Sure(double factor) implements CommitRule {
    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      int[] order = descending(scores);
      int n = 1;
      // Grows with n, since confidences fall: the first that fails ends it, itself not included.
      while (n < order.length && (n + 2) * (1 - scores[order[n]]) < factor) {
        n++;
      }
      return sorted(order, n);
    }
  }

  /** The most of lowest entropy whose joint uncertainty stays within a bound; scores are -H. */
  record Certain(double gamma) implements CommitRule {
    @Override
    public int[] pick(int step, int[] asked, double[] scores, IntToDoubleFunction uniform) {
      int[] order = descending(scores);
      int n = 1;
      // In ascending order the largest entropy is the last, so the sum of all before it counts.
      double before = -scores[order[0]];
      while (n < order.length && before <= gamma) {
        before -= scores[order[n++]];
      }
      return sorted(order, n);
    }
  }

  /** The {@code count} highest scores, ties at the lowest index; indices ascending. */
  static int[] highest(int count, double[] scores) {
    return sorted(descending(scores), Math.min(count, scores.length));
  }

  private static int[] descending(double[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        // The stream is in slot order and sorted() is stable: ties stay with the lowest slot.
        .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static int[] sorted(int[] order, int count) {
    int[] first = Arrays.copyOf(order, count);
    Arrays.sort(first);
    return first;
  }
}
