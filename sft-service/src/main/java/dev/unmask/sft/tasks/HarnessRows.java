package dev.unmask.sft.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Rows as lm-evaluation-harness writes them with {@code --log_samples}: {@code arguments} are the
 * requests of a document, each a context and either a continuation to score or what ends the
 * answer, with the examples shown already in the context; {@code target} is what is right. Lists of
 * pairs (0.4.0 to 0.4.2) and objects {@code gen_args_0: {arg_0, arg_1}} (later) are both read.
 */
final class HarnessRows {

  /** What stands before the final answer in GSM8K's worked targets. */
  private static final String WORKED = "####";

  private HarnessRows() {}

  static boolean suits(JsonNode row) {
    return row.path("arguments").isContainerNode();
  }

  static TaskItem read(TaskRow row) throws TaskFileException {
    List<JsonNode> contexts = new ArrayList<>();
    List<JsonNode> endings = new ArrayList<>();
    for (JsonNode request : row.json().path("arguments")) {
      boolean pair = request.isArray();
      contexts.add(pair ? request.path(0) : request.path("arg_0"));
      endings.add(pair ? request.path(1) : request.path("arg_1"));
    }
    if (contexts.isEmpty()) {
      throw row.wrong("/arguments is empty; it must hold the document's requests");
    }
    JsonNode target =
        row.first("target")
            .orElseThrow(() -> row.wrong("/target is missing; it says what is right"));
    return endings.stream().allMatch(JsonNode::isTextual)
        ? choice(row, contexts, endings, target)
        : open(row, contexts, endings, target);
  }

  private static TaskItem choice(
      TaskRow row, List<JsonNode> contexts, List<JsonNode> endings, JsonNode target)
      throws TaskFileException {
    if (endings.size() < 2) {
      throw row.wrong(
          "/arguments has one continuation, so there is nothing to choose between; the bound of"
              + " single answers is what dialogues are scored by");
    }
    String context = context(row, contexts.getFirst());
    for (JsonNode other : contexts) {
      if (!context.equals(context(row, other))) {
        throw row.wrong(
            "/arguments has requests of different contexts; only continuations of one context can"
                + " be compared here");
      }
    }
    List<String> continuations = new ArrayList<>();
    for (JsonNode ending : endings) {
      continuations.add(ending.asText());
    }
    return new TaskItem.Choice(
        row.task(),
        row.line(),
        new Asked.Text(context),
        continuations,
        positions(row, target, continuations));
  }

  /**
   * A position or its digits, which is how the harness writes it; else a continuation's own text;
   * or a list of those.
   */
  private static Set<Integer> positions(TaskRow row, JsonNode target, List<String> continuations)
      throws TaskFileException {
    Set<Integer> right = new LinkedHashSet<>();
    for (JsonNode one : target.isArray() ? target : List.of(target)) {
      String text = row.text(one, "target").strip();
      int position = text.matches("\\d{1,4}") ? Integer.parseInt(text) : -1;
      if (position < 0 || position >= continuations.size()) {
        position = continuations.stream().map(String::strip).toList().indexOf(text);
      }
      if (position < 0 || position >= continuations.size()) {
        throw row.wrong(
            "/target is "
                + text
                + "; it must be one of the continuations or a position from 0 to "
                + (continuations.size() - 1));
      }
      right.add(position);
    }
    if (right.isEmpty()) {
      throw row.wrong("/target is an empty list; it must say which continuation is right");
    }
    return right;
  }

  private static TaskItem open(
      TaskRow row, List<JsonNode> contexts, List<JsonNode> endings, JsonNode target)
      throws TaskFileException {
    if (endings.size() != 1 || !endings.getFirst().isObject()) {
      throw row.wrong(
          "/arguments mixes continuations and endings; it must hold continuations only, or one"
              + " context with what ends its answer");
    }
    List<String> stops = new ArrayList<>();
    JsonNode until = endings.getFirst().path("until");
    for (JsonNode stop : until.isTextual() ? List.of(until) : until) {
      if (!stop.asText().isEmpty()) {
        stops.add(stop.asText());
      }
    }
    List<String> targets = new ArrayList<>();
    for (String text : row.texts(target, "target")) {
      int worked = text.lastIndexOf(WORKED);
      targets.add((worked < 0 ? text : text.substring(worked + WORKED.length())).strip());
    }
    return new TaskItem.Open(
        row.task(),
        row.line(),
        new Asked.Text(context(row, contexts.getFirst())),
        targets,
        Match.suited(targets) == Match.NUMERIC ? Match.NUMERIC : Match.EXACT,
        stops);
  }

  private static String context(TaskRow row, JsonNode context) throws TaskFileException {
    if (!context.isTextual()) {
      throw row.wrong(
          "/arguments has a context that is "
              + TaskRow.kind(context)
              + "; only text contexts are read (export without --apply_chat_template)");
    }
    return context.asText();
  }
}
