package dev.unmask.sft.tasks;

import java.util.List;

/** What became of a question. */
public sealed interface TaskResult {

  /** The question. */
  TaskItem item();

  /**
   * A choice was made.
   *
   * @param bounds on the log-likelihood of each continuation, in nats
   * @param chosen position of the highest bound
   * @param chosenPerByte position of the highest bound for each UTF-8 byte of the continuation
   */
  record Chosen(TaskItem.Choice item, List<Double> bounds, int chosen, int chosenPerByte)
      implements TaskResult {

    /** Chooses; of equal bounds the first. */
    static Chosen of(TaskItem.Choice item, List<Double> bounds) {
      int best = 0;
      int bestPerByte = 0;
      for (int i = 1; i < bounds.size(); i++) {
        best = bounds.get(i) > bounds.get(best) ? i : best;
        bestPerByte =
            perByte(item, bounds, i) > perByte(item, bounds, bestPerByte) ? i : bestPerByte;
      }
      return new Chosen(item, List.copyOf(bounds), best, bestPerByte);
    }

    private static double perByte(TaskItem.Choice item, List<Double> bounds, int i) {
      int bytes =
          item.continuations().get(i).getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
      return bounds.get(i) / Math.max(1, bytes);
    }

    boolean right() {
      return item.right().contains(chosen);
    }

    boolean rightPerByte() {
      return item.right().contains(chosenPerByte);
    }
  }

  /**
   * An answer was written.
   *
   * @param answer without the stop string and what follows
   */
  record Written(TaskItem.Open item, String answer) implements TaskResult {

    boolean right() {
      return item.match().right(answer, item.targets());
    }
  }

  /**
   * The question does not fit the model's context; it is counted apart.
   *
   * @param why a sentence with the numbers
   */
  record Skipped(TaskItem item, String why) implements TaskResult {}
}
