package dev.unmask.sft.corpus;

import java.util.List;
import java.util.Map;

/**
 * One kind of question: facts, ways to ask, and the one way to answer.
 *
 * @param name what the row's {@code task} field says
 * @param table the facts; one empty row for small talk
 * @param weight share of the corpus, relative to the other tasks
 * @param seen phrasings used in training
 * @param heldOut phrasings used in validation only
 * @param answer the answer; one per task, because a diffusion model that commits several tokens at
 *     once would mix two
 * @param accepted what a right answer has in it
 */
record Task(
    String name,
    Table table,
    double weight,
    List<Template> seen,
    List<Template> heldOut,
    Template answer,
    List<Template> accepted) {

  Task {
    if (seen.isEmpty() || accepted.isEmpty()) {
      throw new IllegalStateException("task " + name + " lacks a phrasing or an accepted answer");
    }
  }

  /** Whether the task asks about facts of a table; small talk does not. */
  boolean hasFacts() {
    return !table.rows().getFirst().isEmpty();
  }

  List<Template> phrasings(boolean validation) {
    return validation && !heldOut.isEmpty() ? heldOut : seen;
  }

  /** A question about {@code row} and its answer. */
  Exchange exchange(Template phrasing, Map<String, String> row) {
    return new Exchange(
        phrasing.fill(row),
        answer.fill(row),
        accepted.stream().map(template -> template.fillIn(row)).toList());
  }
}
