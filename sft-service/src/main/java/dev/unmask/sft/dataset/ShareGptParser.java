package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Usable;
import java.util.Map;

/**
 * {@code {"conversations": [{"from", "value"}, ...], "system"?: ...}}. The keys role and content
 * are read too, as files that were half converted have them.
 */
record ShareGptParser() implements RowParser {

  private static final Map<String, String> ROLES =
      Map.ofEntries(
          Map.entry("human", Turns.USER),
          Map.entry("user", Turns.USER),
          Map.entry("gpt", Turns.ASSISTANT),
          Map.entry("assistant", Turns.ASSISTANT),
          Map.entry("chatgpt", Turns.ASSISTANT),
          Map.entry("bot", Turns.ASSISTANT),
          Map.entry("model", Turns.ASSISTANT),
          Map.entry("system", Turns.SYSTEM));

  @Override
  public Usable parse(ObjectNode row, Place place) throws BadRow {
    JsonNode list = row.path("conversations");
    if (!list.isArray() || list.isEmpty()) {
      throw new BadRow(
          "/conversations",
          Reason.MESSAGES_MISSING,
          "The row needs a list \"conversations\" of {\"from\", \"value\"}; its keys are "
              + Fields.keys(row)
              + "."
              + (row.has("conversations") ? "" : Fields.hint(row)));
    }
    Turns turns = new Turns();
    JsonNode system = row.path("system");
    if (system.isTextual() && !system.asText().isBlank()) {
      turns.add(Turns.SYSTEM, system.asText(), false, "/system");
    }
    for (int i = 0; i < list.size(); i++) {
      add(list.get(i), "/conversations/" + i, turns);
    }
    return turns.dialogue(place, Fields.id(row), "/conversations");
  }

  private static void add(JsonNode message, String pointer, Turns turns) throws BadRow {
    if (!message.isObject()) {
      throw new BadRow(
          pointer,
          Reason.MESSAGE_NOT_AN_OBJECT,
          "A message must be an object with from and value.");
    }
    String roleKey = message.has("from") || !message.has("role") ? "from" : "role";
    String textKey = message.has("value") || !message.has("content") ? "value" : "content";
    JsonNode from = message.path(roleKey);
    String role = from.isTextual() ? ROLES.get(from.asText()) : null;
    if (role == null) {
      throw new BadRow(
          pointer + "/" + roleKey,
          Reason.ROLE_UNKNOWN,
          "The sender is "
              + (from.isMissingNode() ? "missing" : Excerpt.of(from.toString()))
              + "; it must be \"system\", \"human\" or \"gpt\" (or user, assistant, chatgpt, bot,"
              + " model).");
    }
    boolean learned = Turns.weight(message, role.equals(Turns.ASSISTANT), pointer + "/weight");
    String text =
        Fields.text(message.path(textKey), pointer + "/" + textKey, Turns.whenEmpty(role));
    turns.add(role, text, learned, pointer + "/" + roleKey);
  }
}
