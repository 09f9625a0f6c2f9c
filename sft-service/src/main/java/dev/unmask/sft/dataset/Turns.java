package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.text.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A dialogue as it grows; refuses what is out of turn. */
final class Turns {

  static final String SYSTEM = "system";
  static final String USER = "user";
  static final String ASSISTANT = "assistant";

  private final List<ChatMessage> messages = new ArrayList<>();
  private final List<Integer> trained = new ArrayList<>();
  private boolean answered;

  List<ChatMessage> messages() {
    return messages;
  }

  /** The role of the last message; empty before the first. */
  String last() {
    return messages.isEmpty() ? "" : messages.get(messages.size() - 1).role();
  }

  /** Adds OpenAI's messages. */
  void addAll(JsonNode list, String pointer) throws BadRow {
    for (int i = 0; i < list.size(); i++) {
      addMessage(list.get(i), pointer + "/" + i);
    }
  }

  private void addMessage(JsonNode message, String pointer) throws BadRow {
    if (!message.isObject()) {
      throw new BadRow(
          pointer,
          Reason.MESSAGE_NOT_AN_OBJECT,
          "A message must be an object with role and content.");
    }
    JsonNode role = message.path("role");
    String name = role.asText("");
    if (!role.isTextual()
        || !(name.equals(SYSTEM) || name.equals(USER) || name.equals(ASSISTANT))) {
      throw new BadRow(
          pointer + "/role",
          Reason.ROLE_UNKNOWN,
          "The role is "
              + (message.has("role") ? Excerpt.of(role.toString()) : "missing")
              + "; it must be \"system\", \"user\" or \"assistant\".");
    }
    boolean learned = weight(message, name.equals(ASSISTANT), pointer + "/weight");
    String content = Fields.text(message.path("content"), pointer + "/content", whenEmpty(name));
    add(name, content, learned, pointer + "/role");
  }

  /** Why a message without text is refused. */
  static Reason whenEmpty(String role) {
    return role.equals(ASSISTANT) ? Reason.ANSWER_EMPTY : Reason.CONTENT_EMPTY;
  }

  /** OpenAI's weight of an assistant message: 1, the default, is learned, 0 is context only. */
  static boolean weight(JsonNode message, boolean answer, String pointer) throws BadRow {
    JsonNode weight = message.path("weight");
    if (weight.isMissingNode() || weight.isNull()) {
      return answer;
    }
    boolean one = weight.isNumber() && weight.doubleValue() == 1;
    boolean zero = weight.isNumber() && weight.doubleValue() == 0;
    if (!zero && !one) {
      throw new BadRow(
          pointer,
          Reason.WEIGHT_UNKNOWN,
          "The weight is " + Excerpt.of(weight.toString()) + "; it must be 0 or 1.");
    }
    if (one && !answer) {
      throw new BadRow(
          pointer,
          Reason.WEIGHT_UNKNOWN,
          "Only assistant messages are learned; another one cannot have the weight 1.");
    }
    return one;
  }

  /**
   * Adds a message.
   *
   * @param learned for an assistant message: whether it is trained on
   * @param rolePointer where the role stands
   */
  void add(String role, String content, boolean learned, String rolePointer) throws BadRow {
    String wanted = last().equals(USER) ? ASSISTANT : USER;
    boolean systemFirst = role.equals(SYSTEM) && messages.isEmpty();
    if (!systemFirst && !role.equals(wanted)) {
      throw new BadRow(
          rolePointer,
          Reason.ROLES_OUT_OF_ORDER,
          "The role is \""
              + role
              + "\" where \""
              + wanted
              + "\" must stand: user and assistant take turns, and a system message comes first.");
    }
    if (role.equals(ASSISTANT)) {
      answered = true;
      if (learned) {
        trained.add(messages.size());
      }
    }
    messages.add(new ChatMessage(role, content));
  }

  /**
   * The dialogue, which must have something to learn.
   *
   * @param pointer where its messages stand
   */
  Dialogue dialogue(Place place, @Nullable String id, String pointer) throws BadRow {
    if (trained.isEmpty()) {
      throw new BadRow(
          pointer,
          Reason.NO_ASSISTANT_TURN,
          answered
              ? "Every assistant message has the weight 0, so there is nothing to learn from the"
                  + " row."
              : "No message has the role assistant, so there is nothing to learn from the row.");
    }
    return new Dialogue(place, id, messages, trained);
  }
}
