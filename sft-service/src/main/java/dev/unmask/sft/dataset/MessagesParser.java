package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Usable;

/** {@code {"messages": [{"role", "content", "weight"?}, ...]}}: OpenAI's chat format. */
record MessagesParser() implements RowParser {

  @Override
  public Usable parse(ObjectNode row, Place place) throws BadRow {
    JsonNode messages = row.path("messages");
    if (!messages.isArray() || messages.isEmpty()) {
      throw new BadRow(
          "/messages",
          Reason.MESSAGES_MISSING,
          "The row needs a list \"messages\" with at least one user and one assistant message; "
              + (row.has("messages")
                  ? "here it is " + (messages.isArray() ? "empty" : "no list") + "."
                  : "its keys are " + Fields.keys(row) + "." + Fields.hint(row)));
    }
    Turns turns = new Turns();
    turns.addAll(messages, "/messages");
    return turns.dialogue(place, Fields.id(row), "/messages");
  }
}
