package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Draws dialogues: a task by its weight, a fact, a phrasing, and now and then a greeting before, a
 * second subject or a thank-you after, or a system message.
 */
final class DialogueMaker {

  private static final double FOLLOW_UP_WEIGHT = 12;
  private static final double RECALL_WEIGHT = 4;
  private static final List<String> SYSTEM =
      List.of(
          "You are a helpful assistant.",
          "You are unmask-mini.",
          "You are a friendly assistant.",
          "Answer in one sentence.",
          "You are a small language model. Answer briefly.");

  private final List<Task> tasks;
  private final double weights;
  private final List<Task> greetings;
  private final List<Task> endings;
  private final FollowUps followUps;
  private final Recall recall;

  DialogueMaker() {
    this(load());
  }

  private DialogueMaker(List<Task> tasks) {
    this.tasks = tasks;
    this.weights = tasks.stream().mapToDouble(Task::weight).sum();
    Map<String, Task> byName = new HashMap<>();
    tasks.forEach(task -> byName.putIfAbsent(task.name(), task));
    this.greetings = named("greeting", tasks);
    this.endings = new ArrayList<>(named("thanks", tasks));
    this.endings.addAll(named("goodbye", tasks));
    this.followUps = new FollowUps(byName);
    this.recall = new Recall(named("meet", tasks).getFirst());
  }

  /** Every task of the resource files. */
  List<Task> tasks() {
    return tasks;
  }

  /**
   * One dialogue.
   *
   * @param validation whether questions are asked in the words held out from training
   */
  Dialogue next(boolean validation, Draw draw) {
    double at = draw.fraction() * (weights + FOLLOW_UP_WEIGHT + RECALL_WEIGHT);
    List<Exchange> exchanges = new ArrayList<>();
    String name;
    if (draw.chance(0.08)) {
      exchanges.add(exchange(draw.pick(greetings), false, draw));
    }
    if (at < FOLLOW_UP_WEIGHT) {
      name = "follow-up";
      exchanges.addAll(followUps.make(validation, draw));
    } else if (at < FOLLOW_UP_WEIGHT + RECALL_WEIGHT) {
      name = "recall";
      List<Exchange> between =
          draw.chance(0.4)
              ? List.of(exchange(taskAt(draw.fraction() * weights), false, draw))
              : List.of();
      exchanges.addAll(recall.make(between, validation, draw));
    } else {
      Task task = taskAt(at - FOLLOW_UP_WEIGHT - RECALL_WEIGHT);
      name = task.name();
      if (exchanges.isEmpty() && draw.chance(0.12)) {
        exchanges.add(exchange(taskAt(draw.fraction() * weights), false, draw));
      }
      exchanges.add(exchange(task, validation, draw));
    }
    if (!validation && draw.chance(0.06)) {
      exchanges.add(exchange(draw.pick(endings), false, draw));
    }
    return new Dialogue(name, draw.chance(0.04) ? draw.pick(SYSTEM) : "", exchanges);
  }

  private static Exchange exchange(Task task, boolean validation, Draw draw) {
    Template phrasing = draw.pick(task.phrasings(validation));
    Exchange exchange = task.exchange(phrasing, draw.pick(task.table().rows(validation)));
    boolean beginsWithName = phrasing.text().startsWith("{");
    return exchange.asked(Wording.vary(exchange.question(), task.hasFacts(), beginsWithName, draw));
  }

  private Task taskAt(double at) {
    double left = at;
    for (Task task : tasks) {
      left -= task.weight();
      if (left < 0) {
        return task;
      }
    }
    return tasks.getLast();
  }

  private static List<Task> named(String name, List<Task> tasks) {
    return tasks.stream().filter(task -> task.name().equals(name)).toList();
  }

  private static List<Task> load() {
    Map<String, Table> tables = Tables.all();
    List<Task> tasks = new ArrayList<>();
    for (String file : List.of("facts.tasks", "talk.tasks", "general.tasks")) {
      tasks.addAll(TaskFile.tasks(file, tables));
    }
    return List.copyOf(tasks);
  }
}
