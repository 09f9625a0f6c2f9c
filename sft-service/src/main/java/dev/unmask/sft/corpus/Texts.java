package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sentences without a dialogue around them. Learned whole, every word of them is a gap now and
 * then: this is what fills gaps in a text, and what a fact looks like from its other side.
 */
final class Texts {

  private static final List<String> ABOUT_COUNTRIES =
      List.of("capital", "currency", "language", "continent");

  private final List<Task> tasks;
  private final Map<String, Task> byName = new HashMap<>();

  Texts(List<Task> all) {
    this.tasks = all.stream().filter(Texts::states).toList();
    tasks.forEach(task -> byName.putIfAbsent(task.name(), task));
  }

  /** Whether the answer is a statement about the world. */
  private static boolean states(Task task) {
    boolean unknown = task.accepted().getFirst().text().startsWith("do not know");
    return !unknown
        && (task.hasFacts() || task.name().equals("general"))
        && !task.name().equals("meet");
  }

  List<String> make(int count, Draw draw) {
    List<String> texts = new ArrayList<>();
    while (texts.size() < count) {
      texts.add(draw.chance(0.4) ? aboutOneCountry(draw) : statement(draw.pick(tasks), draw));
    }
    return List.copyOf(texts);
  }

  private String aboutOneCountry(Draw draw) {
    Map<String, String> country = draw.pick(task("capital").table().rows());
    List<String> relations = new ArrayList<>(ABOUT_COUNTRIES);
    List<String> sentences = new ArrayList<>();
    int count = 1 + draw.below(3);
    for (int i = 0; i < count; i++) {
      String relation = relations.remove(draw.below(relations.size()));
      sentences.add(task(relation).answer().fill(country));
    }
    return String.join(" ", sentences);
  }

  private static String statement(Task task, Draw draw) {
    return task.answer().fill(draw.pick(task.table().rows()));
  }

  private Task task(String name) {
    Task task = byName.get(name);
    if (task == null) {
      throw new IllegalStateException("texts need the task " + name);
    }
    return task;
  }
}
