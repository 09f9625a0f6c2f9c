package dev.unmask.sft.evaluation;

import dev.unmask.sft.recipe.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Which slots of an answer are masked in each of its noisy copies, so that the mean of {@code L / l
 * * (cross-entropy of the l masked slots)} is an unbiased estimate of the bound (arXiv 2502.09992,
 * Eq. 6).
 *
 * <p>The copies of a group share one number u, uniform on (0, 1): copy i of m masks {@code l = 1 +
 * floor((u + i) / m * L)} slots, so each m-th part of the grid 1..L has one copy and every l is
 * equally likely over all. Which slots: the copies walk around one random order of the answer, each
 * beginning where the last ended, so that slots are masked about equally often; by itself each
 * copy's set is uniform. Groups are independent of each other, which is what the standard error is
 * taken from.
 *
 * @param copies of each answer, a multiple of {@code groups}
 * @param groups at least 2
 * @param seed the masks depend on it, the answer's number and its length only
 */
public record AnswerMasks(int copies, int groups, long seed) {

  public AnswerMasks {
    if (groups < 2 || copies < groups || copies % groups != 0) {
      throw new IllegalArgumentException(
          copies + " copies in " + groups + " groups: at least 2 groups of one size are needed");
    }
  }

  /**
   * Masks of an answer, group after group, each ascending. A single slot is masked once: that one
   * copy is exact.
   *
   * @param length slots, at least 1
   */
  public List<List<int[]>> of(long answer, int length) {
    if (length == 1) {
      return List.of(List.of(new int[] {0}));
    }
    int each = copies / groups;
    List<List<int[]>> all = new ArrayList<>();
    for (int group = 0; group < groups; group++) {
      SplittableRandom random = Seeds.stream(seed, "evaluation", answer * groups + group);
      double u = random.nextDouble();
      int[] order = shuffled(length, random);
      List<int[]> masks = new ArrayList<>();
      int begin = 0;
      for (int i = 0; i < each; i++) {
        int masked = Math.min(length, 1 + (int) ((u + i) / each * length));
        int[] slots = new int[masked];
        for (int s = 0; s < masked; s++) {
          slots[s] = order[(begin + s) % length];
        }
        Arrays.sort(slots);
        masks.add(slots);
        begin = (begin + masked) % length;
      }
      all.add(masks);
    }
    return all;
  }

  private static int[] shuffled(int length, SplittableRandom random) {
    int[] order = new int[length];
    Arrays.setAll(order, i -> i);
    for (int i = length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order;
  }
}
