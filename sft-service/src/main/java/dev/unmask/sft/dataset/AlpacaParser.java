package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Usable;

/**
 * {@code {"instruction", "input"?, "output", "system"?, "history"?}}: instruction and input, a line
 * break between them, are the question. History is a list of pairs and is context only.
 */
record AlpacaParser() implements RowParser {

  @Override
  public Usable parse(ObjectNode row, Place place) throws BadRow {
    String instruction = Fields.field(row, "instruction", Reason.CONTENT_EMPTY);
    String output = Fields.field(row, "output", Reason.ANSWER_EMPTY);
    Turns turns = new Turns();
    String system = optional(row, "system");
    if (!system.isBlank()) {
      turns.add(Turns.SYSTEM, system, false, "/system");
    }
    JsonNode history = row.path("history");
    for (int i = 0; i < history.size(); i++) {
      JsonNode pair = history.get(i);
      String pointer = "/history/" + i;
      if (!pair.isArray() || pair.size() != 2) {
        throw new BadRow(
            pointer,
            Reason.MESSAGE_NOT_AN_OBJECT,
            "An entry of the history must be a list of a question and its answer.");
      }
      turns.add(
          Turns.USER,
          Fields.text(pair.get(0), pointer + "/0", Reason.CONTENT_EMPTY),
          false,
          pointer);
      turns.add(
          Turns.ASSISTANT,
          Fields.text(pair.get(1), pointer + "/1", Reason.ANSWER_EMPTY),
          false,
          pointer);
    }
    String input = optional(row, "input");
    turns.add(
        Turns.USER,
        input.isBlank() ? instruction : instruction + "\n" + input,
        false,
        "/instruction");
    turns.add(Turns.ASSISTANT, output, true, "/output");
    return turns.dialogue(place, Fields.id(row), "");
  }

  private static String optional(JsonNode row, String key) throws BadRow {
    JsonNode value = row.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (!value.isTextual()) {
      throw new BadRow(
          "/" + key,
          Reason.CONTENT_NOT_TEXT,
          "The value of \"" + key + "\" is not a string; it must be one, or be left out.");
    }
    return value.asText();
  }
}
