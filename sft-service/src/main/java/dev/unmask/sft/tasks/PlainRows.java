package dev.unmask.sft.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.text.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Rows as datasets have them: a question, choices and the right one's position, letter or text (the
 * shapes of MMLU, ARC, HellaSwag and their like), or a question and its answers; and the probes of
 * the corpus generator, {@code messages} with {@code accepted} answers.
 */
final class PlainRows {

  private static final String[] QUESTION = {"question", "query", "prompt", "input", "ctx"};
  private static final String[] CHOICES = {"choices", "endings", "options"};
  private static final String[] RIGHT = {"answer", "gold", "label", "answerKey", "target"};
  private static final String[] ANSWERS = {"answers", "answer", "target", "accepted"};

  private PlainRows() {}

  static boolean suits(JsonNode row) {
    return row.has("accepted")
        || (has(row, QUESTION)
            && (has(row, CHOICES) || (row.has("question") && has(row, ANSWERS))));
  }

  private static boolean has(JsonNode row, String... names) {
    for (String name : names) {
      if (row.hasNonNull(name)) {
        return true;
      }
    }
    return false;
  }

  static TaskItem read(TaskRow row) throws TaskFileException {
    Optional<JsonNode> choices = row.first(CHOICES);
    return choices.isPresent() ? choice(row, choices.get()) : open(row);
  }

  private static TaskItem choice(TaskRow row, JsonNode choices) throws TaskFileException {
    // ARC keeps texts and letters apart: {"text": [...], "label": [...]}.
    boolean labelled = choices.isObject();
    List<String> texts = row.texts(labelled ? choices.path("text") : choices, "choices");
    List<String> letters =
        labelled ? row.texts(choices.path("label"), "choices/label") : letters(texts);
    if (texts.size() < 2 || letters.size() != texts.size()) {
      throw row.wrong(
          "/choices has "
              + texts.size()
              + " texts and "
              + letters.size()
              + " labels; it needs two or more of each, as many of one as of the other");
    }
    JsonNode right =
        row.first(RIGHT)
            .orElseThrow(() ->
                row.wrong("nothing says which choice is right; give \"answer\": its position"));
    // A number without labels is a position, also where a choice is that number.
    boolean position = right.isIntegralNumber() && !labelled;
    List<List<String>> names = position ? List.of() : List.of(letters, texts);
    return new TaskItem.Choice(
        row.task(),
        row.line(),
        new Asked.Dialogue(messages(row)),
        texts,
        Set.of(position(row, right, names, texts.size())));
  }

  /**
   * Where the right choice stands.
   *
   * @param names what the choices may be called, the first list before the second
   */
  private static int position(TaskRow row, JsonNode right, List<List<String>> names, int choices)
      throws TaskFileException {
    String said = row.text(right, "answer").strip();
    int position = -1;
    for (List<String> list : names) {
      position = position < 0 ? list.indexOf(said) : position;
    }
    if (position < 0 && said.matches("\\d{1,4}")) {
      position = Integer.parseInt(said);
    }
    if (position < 0 || position >= choices) {
      throw row.wrong(
          "the right choice is said to be \""
              + said
              + "\"; it must be a position from 0 to "
              + (choices - 1)
              + ", a letter or the text of a choice");
    }
    return position;
  }

  private static List<String> letters(List<String> texts) {
    List<String> letters = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      letters.add(String.valueOf((char) ('A' + i)));
    }
    return letters;
  }

  private static TaskItem open(TaskRow row) throws TaskFileException {
    JsonNode answers =
        row.first(ANSWERS)
            .orElseThrow(
                () -> row.wrong("there is no answer; give \"answers\": what would be right"));
    List<String> targets = row.texts(answers, "answers");
    Optional<JsonNode> match = row.first("match");
    return new TaskItem.Open(
        row.task(),
        row.line(),
        new Asked.Dialogue(messages(row)),
        targets,
        match.isPresent() ? match(row, match.get()) : Match.suited(targets),
        List.of());
  }

  private static Match match(TaskRow row, JsonNode named) throws TaskFileException {
    return Match.named(named.asText())
        .orElseThrow(
            () -> row.wrong("/match is " + named + "; it must be exact, numeric or contains"));
  }

  private static List<ChatMessage> messages(TaskRow row) throws TaskFileException {
    List<ChatMessage> messages = new ArrayList<>();
    if (row.json().has("messages")) {
      for (JsonNode message : row.json().path("messages")) {
        messages.add(
            new ChatMessage(message.path("role").asText(), message.path("content").asText()));
      }
    } else {
      JsonNode question =
          row.first(QUESTION)
              .orElseThrow(() -> row.wrong("there is no question; give \"question\""));
      messages.add(new ChatMessage("user", row.text(question, "question")));
    }
    if (messages.isEmpty() || messages.getLast().content().isBlank()) {
      throw row.wrong("the question is empty");
    }
    return messages;
  }
}
