package dev.unmask.sft.tasks;

import java.util.List;
import java.util.Set;

/** A question whose right answer is known. */
public sealed interface TaskItem {

  /** Kind of question, that results are grouped by. */
  String task();

  /** Line of the file, from 1. */
  int line();

  /** What stands before the answer. */
  Asked asked();

  /**
   * One of several continuations is right: that of the highest likelihood bound is chosen.
   *
   * @param continuations at least two, none empty
   * @param right positions in {@code continuations}, from 0; at least one
   */
  record Choice(String task, int line, Asked asked, List<String> continuations, Set<Integer> right)
      implements TaskItem {

    public Choice {
      continuations = List.copyOf(continuations);
      right = Set.copyOf(right);
    }
  }

  /**
   * An answer is written and compared.
   *
   * @param targets right answers, at least one
   * @param match how they are compared
   * @param stops the answer ends before the first of these
   */
  record Open(
      String task, int line, Asked asked, List<String> targets, Match match, List<String> stops)
      implements TaskItem {

    public Open {
      targets = List.copyOf(targets);
      stops = List.copyOf(stops);
    }
  }
}
