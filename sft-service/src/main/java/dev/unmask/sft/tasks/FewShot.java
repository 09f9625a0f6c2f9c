package dev.unmask.sft.tasks;

import dev.unmask.text.ChatMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Puts solved examples before a question, as earlier turns of its dialogue. Which ones depends on
 * the seed and the question's line only; a question is never shown its own answer.
 */
final class FewShot {

  private final List<TaskItem> pool;
  private final boolean ownFile;
  private final int shots;
  private final long seed;

  /**
   * @param asked the questions
   * @param pool where examples come from
   * @param ownFile whether the questions themselves are the pool
   * @param shots examples before each question; 0 for none
   * @throws IOException with a sentence when the pool has too few
   */
  FewShot(List<TaskItem> asked, List<TaskItem> pool, boolean ownFile, int shots, long seed)
      throws IOException {
    this.pool = List.copyOf(pool);
    this.ownFile = ownFile;
    this.shots = shots;
    this.seed = seed;
    int usable = ownFile ? pool.size() - 1 : pool.size();
    if (shots > usable) {
      throw new IOException(
          shots + " examples are to be shown, but only " + Math.max(0, usable) + " are there.");
    }
    if (shots > 0
        && Stream.of(asked, pool)
            .flatMap(List::stream)
            .anyMatch(item -> item.asked() instanceof Asked.Text)) {
      throw new IOException(
          "Contexts that a harness has laid out hold their examples already: leave out --shots, and"
              + " export them with --num_fewshot.");
    }
  }

  /** What stands before the answer, examples first. */
  Asked before(TaskItem item) {
    if (shots == 0 || !(item.asked() instanceof Asked.Dialogue dialogue)) {
      return item.asked();
    }
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + item.line());
    Set<Integer> drawn = new HashSet<>();
    List<ChatMessage> messages = new ArrayList<>();
    while (drawn.size() < shots) {
      int next = random.nextInt(pool.size());
      TaskItem example = pool.get(next);
      boolean itself = ownFile && example.line() == item.line();
      if (!itself && drawn.add(next) && example.asked() instanceof Asked.Dialogue solved) {
        messages.addAll(solved.messages());
        messages.add(new ChatMessage("assistant", answer(example)));
      }
    }
    messages.addAll(dialogue.messages());
    return new Asked.Dialogue(messages);
  }

  private static String answer(TaskItem example) {
    return switch (example) {
      case TaskItem.Choice choice ->
          choice.continuations().get(choice.right().stream().sorted().findFirst().orElseThrow());
      case TaskItem.Open open -> open.targets().getFirst();
    };
  }
}
