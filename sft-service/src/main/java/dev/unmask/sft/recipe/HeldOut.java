package dev.unmask.sft.recipe;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A dataset in two parts, by whole dialogues: all turns of one are on the same side.
 *
 * @param trained what is learned
 * @param heldOut what the model is judged on; may be empty
 */
public record HeldOut(TokenisedRows trained, TokenisedRows heldOut) {

  /**
   * Holds out a share of the dialogues, at least one where the share is above 0 and there are two.
   *
   * @param seed fixes which
   */
  public static HeldOut split(TokenisedRows rows, double share, long seed) {
    int[] dialogues = IntStream.range(0, rows.size()).map(rows::row).distinct().toArray();
    int count =
        share <= 0 || dialogues.length < 2
            ? 0
            : Math.clamp(Math.round(share * dialogues.length), 1, dialogues.length - 1);
    SplittableRandom random = Seeds.stream(seed, "held out", 0);
    Set<Integer> chosen = new HashSet<>();
    for (int i = 0; i < count; i++) {
      int j = i + random.nextInt(dialogues.length - i);
      chosen.add(dialogues[j]);
      dialogues[j] = dialogues[i];
    }
    return new HeldOut(
        rows.at(positions(rows, chosen, false)), rows.at(positions(rows, chosen, true)));
  }

  /** At most {@code most} of the held-out samples, spread over all of them. */
  public static TokenisedRows some(TokenisedRows rows, int most) {
    if (rows.size() <= most) {
      return rows;
    }
    int[] positions = new int[most];
    Arrays.setAll(positions, i -> (int) ((long) i * rows.size() / most));
    return rows.at(positions);
  }

  private static int[] positions(TokenisedRows rows, Set<Integer> chosen, boolean wanted) {
    return IntStream.range(0, rows.size())
        .filter(i -> chosen.contains(rows.row(i)) == wanted)
        .toArray();
  }
}
