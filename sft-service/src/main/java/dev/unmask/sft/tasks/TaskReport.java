package dev.unmask.sft.tasks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Results of a run by task, as JSON and for people. */
final class TaskReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Verdicts of a kind of question. */
  private record Group(List<Boolean> verdicts, List<Boolean> perByte) {
    Group() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    void add(TaskResult result) {
      switch (result) {
        case TaskResult.Chosen chosen -> {
          verdicts.add(chosen.right());
          perByte.add(chosen.rightPerByte());
        }
        case TaskResult.Written written -> verdicts.add(written.right());
        case TaskResult.Skipped skipped -> {}
      }
    }
  }

  private final List<TaskResult> results;
  private final Group all = new Group();
  private final Map<String, Group> tasks = new TreeMap<>();

  TaskReport(List<TaskResult> results) {
    this.results = List.copyOf(results);
    for (TaskResult result : results) {
      all.add(result);
      tasks.computeIfAbsent(result.item().task(), name -> new Group()).add(result);
    }
  }

  /** Questions that were answered. */
  int scored() {
    return all.verdicts().size();
  }

  /** A sentence about the first question that did not fit. */
  String firstSkipped() {
    for (TaskResult result : results) {
      if (result instanceof TaskResult.Skipped skipped) {
        return "line " + skipped.item().line() + ": " + skipped.why();
      }
    }
    return "";
  }

  /**
   * {@code n, accuracy, stderr, low95, high95}, where there are choices {@code accuracy_norm}, and
   * the same by task.
   */
  ObjectNode json() {
    ObjectNode report = JSON.createObjectNode();
    put(report, all);
    report.put("skipped", results.size() - scored());
    ObjectNode byTask = report.putObject("tasks");
    tasks.forEach((name, group) -> put(byTask.putObject(name), group));
    return report;
  }

  private static void put(ObjectNode node, Group group) {
    ProbeScore score = ProbeScore.of(group.verdicts());
    node.put("n", score.asked())
        .put("accuracy", score.accuracy())
        .put("stderr", score.standardError())
        .put("low95", score.low())
        .put("high95", score.high());
    if (!group.perByte().isEmpty()) {
      node.put("accuracy_norm", ProbeScore.of(group.perByte()).accuracy());
    }
  }

  /** Every question with what was answered. */
  ArrayNode rows() {
    ArrayNode rows = JSON.createArrayNode();
    for (TaskResult result : results) {
      TaskItem item = result.item();
      ObjectNode row = rows.addObject();
      row.put("line", item.line()).put("task", item.task());
      row.put("question", item.asked().question());
      switch (result) {
        case TaskResult.Chosen chosen -> {
          row.put("chosen", chosen.chosen()).put("chosen_norm", chosen.chosenPerByte());
          ArrayNode bounds = row.putArray("bounds");
          chosen.bounds().forEach(bounds::add);
          ArrayNode right = row.putArray("target");
          chosen.item().right().stream().sorted().forEach(right::add);
          row.put("right", chosen.right());
        }
        case TaskResult.Written written -> {
          row.put("answer", written.answer());
          ArrayNode targets = row.putArray("target");
          written.item().targets().forEach(targets::add);
          row.put("match", written.item().match().title()).put("right", written.right());
        }
        case TaskResult.Skipped skipped -> row.put("skipped", skipped.why());
      }
    }
    return rows;
  }

  /** A table with a line for each task. */
  void print(PrintStream out) {
    int width = Math.max(4, tasks.keySet().stream().mapToInt(String::length).max().orElse(0));
    boolean choices = !all.perByte().isEmpty();
    out.printf(
        "%-" + width + "s %6s %9s %8s  %-13s%s%n",
        "task",
        "n",
        "right",
        "± stderr",
        "95 %",
        choices ? "  by byte" : "");
    if (tasks.size() > 1) {
      tasks.forEach((name, group) -> out.println(line(width, name, group)));
    }
    out.println(line(width, tasks.size() > 1 ? "all" : tasks.keySet().iterator().next(), all));
  }

  private static String line(int width, String name, Group group) {
    ProbeScore score = ProbeScore.of(group.verdicts());
    String line =
        String.format(
            Locale.ROOT,
            "%-" + width + "s %6d %7.1f %% %8.1f  %4.1f to %5.1f",
            name,
            score.asked(),
            100 * score.accuracy(),
            100 * score.standardError(),
            100 * score.low(),
            100 * score.high());
    return group.perByte().isEmpty()
        ? line
        : line
            + String.format(
                Locale.ROOT, "  %5.1f %%", 100 * ProbeScore.of(group.perByte()).accuracy());
  }
}
