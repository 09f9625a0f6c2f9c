package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Preference;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Usable;
import dev.unmask.text.ChatMessage;
import java.util.List;

/**
 * A better and a worse answer. TRL: {@code {"prompt", "chosen", "rejected"}} with strings or lists
 * of messages, where chosen and rejected may hold the whole dialogue and prompt may be absent.
 * OpenAI: {@code {"input": {"messages"}, "preferred_output", "non_preferred_output"}}.
 */
record PreferenceParser() implements RowParser {

  private record Side(List<ChatMessage> before, String answer) {}

  @Override
  public Usable parse(ObjectNode row, Place place) throws BadRow {
    boolean openAi = row.has("preferred_output");
    String better = openAi ? "preferred_output" : "chosen";
    String worse = openAi ? "non_preferred_output" : "rejected";
    JsonNode asked = openAi ? row.path("input").path("messages") : row.path("prompt");
    String pointer = openAi ? "/input/messages" : "/prompt";
    Turns prompt = new Turns();
    if (asked.isArray()) {
      prompt.addAll(asked, pointer);
    } else if (!asked.isMissingNode()) {
      prompt.add(Turns.USER, Fields.text(asked, pointer, Reason.CONTENT_EMPTY), false, pointer);
    }
    Side chosen = side(row, better, prompt);
    Side rejected = side(row, worse, prompt);
    if (!chosen.before().equals(rejected.before())) {
      throw new BadRow(
          "/" + worse,
          Reason.PROMPTS_DIFFER,
          "The two answers follow on different dialogues; they must answer the same question.");
    }
    if (chosen.before().isEmpty()) {
      throw new BadRow(
          pointer,
          Reason.FIELD_MISSING,
          "The row has no question; its keys are " + Fields.keys(row) + ".");
    }
    if (chosen.answer().equals(rejected.answer())) {
      throw new BadRow(
          "/" + worse,
          Reason.ANSWERS_EQUAL,
          "The two answers are the same, so neither can be preferred.");
    }
    return new Preference(
        place, Fields.id(row), chosen.before(), chosen.answer(), rejected.answer());
  }

  /** One answer with what comes before it: its own dialogue, or the row's prompt. */
  private static Side side(ObjectNode row, String key, Turns prompt) throws BadRow {
    JsonNode value = row.path(key);
    if (!value.isArray()) {
      return new Side(
          ending(prompt.messages(), "/" + key), Fields.field(row, key, Reason.ANSWER_EMPTY));
    }
    Turns turns = new Turns();
    if (value.path(0).path("role").asText("").equals(Turns.ASSISTANT)) {
      for (ChatMessage message : prompt.messages()) {
        turns.add(message.role(), message.content(), false, "/prompt");
      }
    }
    turns.addAll(value, "/" + key);
    if (!turns.last().equals(Turns.ASSISTANT)) {
      throw new BadRow(
          "/" + key,
          Reason.NO_ASSISTANT_TURN,
          "The list \"" + key + "\" must end with an assistant message.");
    }
    List<ChatMessage> all = turns.messages();
    return new Side(all.subList(0, all.size() - 1), all.get(all.size() - 1).content());
  }

  private static List<ChatMessage> ending(List<ChatMessage> prompt, String pointer) throws BadRow {
    if (!prompt.isEmpty() && !prompt.get(prompt.size() - 1).role().equals(Turns.USER)) {
      throw new BadRow(
          pointer,
          Reason.ROLES_OUT_OF_ORDER,
          "The prompt must end with a user message, which the answer follows.");
    }
    return prompt;
  }
}
