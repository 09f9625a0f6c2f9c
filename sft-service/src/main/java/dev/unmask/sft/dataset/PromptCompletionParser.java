package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Usable;

/**
 * {@code {"prompt", "completion"}}: strings, told to the model as a question and its answer, or
 * lists of messages.
 */
record PromptCompletionParser() implements RowParser {

  @Override
  public Usable parse(ObjectNode row, Place place) throws BadRow {
    Turns turns = new Turns();
    JsonNode prompt = row.path("prompt");
    if (prompt.isArray()) {
      turns.addAll(prompt, "/prompt");
    } else {
      turns.add(Turns.USER, Fields.field(row, "prompt", Reason.CONTENT_EMPTY), false, "/prompt");
    }
    // The prompt is context, whoever speaks in it; only the completion is learned.
    Turns whole = new Turns();
    for (var message : turns.messages()) {
      whole.add(message.role(), message.content(), false, "/prompt");
    }
    JsonNode completion = row.path("completion");
    if (completion.isArray()) {
      whole.addAll(completion, "/completion");
    } else {
      whole.add(
          Turns.ASSISTANT,
          Fields.field(row, "completion", Reason.ANSWER_EMPTY),
          true,
          "/completion");
    }
    return whole.dialogue(place, Fields.id(row), "/completion");
  }
}
