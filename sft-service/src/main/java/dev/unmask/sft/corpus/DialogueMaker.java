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
  private final List<Scene> scenes;
  private final double sceneWeights;

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
    Pools pools = new Pools();
    this.scenes =
        List.of(
            new FollowUps(byName),
            new Recall(pools, draw -> exchange(taskAt(draw.fraction() * weights), false, draw)),
            new Echo(pools),
            new Owners(pools),
            new JsonSlots(pools));
    this.sceneWeights = scenes.stream().mapToDouble(Scene::weight).sum();
  }

  /** Every task of the resource files. */
  List<Task> tasks() {
    return tasks;
  }

  /** Every kind of dialogue whose answers come from what was said in it. */
  List<Scene> scenes() {
    return scenes;
  }

  /**
   * One dialogue.
   *
   * @param validation whether questions are asked in the words held out from training
   */
  Dialogue next(boolean validation, Draw draw) {
    double at = draw.fraction() * (weights + sceneWeights);
    List<Exchange> exchanges = new ArrayList<>();
    String name;
    if (draw.chance(0.06)) {
      exchanges.add(exchange(draw.pick(greetings), false, draw));
    }
    if (at < sceneWeights) {
      Scene scene = sceneAt(at);
      name = scene.name();
      exchanges.addAll(scene.make(validation, draw));
    } else {
      Task task = taskAt(at - sceneWeights);
      name = task.name();
      if (exchanges.isEmpty() && draw.chance(0.1)) {
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

  private Scene sceneAt(double at) {
    double left = at;
    for (Scene scene : scenes) {
      left -= scene.weight();
      if (left < 0) {
        return scene;
      }
    }
    return scenes.getLast();
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
