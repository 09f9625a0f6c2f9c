package dev.unmask.cli.chat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What was said so far, and the weights that it stays on. */
final class Dialogue {

  private static final String SYSTEM = "system";
  private static final String USER = "user";
  private static final String ASSISTANT = "assistant";

  private final List<Message> messages = new ArrayList<>();

  /** {@code name@sha256:…} of the first answer; null before it. */
  private @Nullable String pinned;

  /**
   * Begins anew.
   *
   * @param system what stands before everything; null for nothing
   */
  void begin(@Nullable String system) {
    messages.clear();
    pinned = null;
    if (system != null) {
      messages.add(message(SYSTEM, system));
    }
  }

  List<Message> messages() {
    return List.copyOf(messages);
  }

  @Nullable String pinned() {
    return pinned;
  }

  /** From now on whatever weights are asked for. */
  void unpin() {
    pinned = null;
  }

  void ask(String question) {
    messages.add(message(USER, question));
  }

  /** Takes back a question that was not answered. */
  void unask() {
    messages.removeLast();
  }

  void answered(GenerateResponse answer, boolean stay) {
    messages.add(message(ASSISTANT, answer.getText()));
    if (stay && pinned == null) {
      pinned = pin(answer);
    }
  }

  /** The last answer. */
  Optional<String> lastAnswer() {
    return messages.isEmpty() || !messages.getLast().getRole().equals(ASSISTANT)
        ? Optional.empty()
        : Optional.of(messages.getLast().getContent());
  }

  /** Takes back the last question and its answer, and returns the question. */
  Optional<String> undo() {
    if (lastAnswer().isEmpty()) {
      return Optional.empty();
    }
    messages.removeLast();
    return Optional.of(messages.removeLast().getContent());
  }

  /** How often somebody asked. */
  int turns() {
    return (int) messages.stream().filter(m -> m.getRole().equals(USER)).count();
  }

  /** A row of a dataset, as {@code unmask finetune} reads it. */
  String row() {
    ObjectNode row = Json.object();
    var list = row.putArray("messages");
    for (Message message : messages) {
      list.addObject().put("role", message.getRole()).put("content", message.getContent());
    }
    return Json.line(row);
  }

  private static @Nullable String pin(GenerateResponse answer) {
    String name = answer.getModel();
    int at = name.indexOf('@');
    return name.isEmpty() || answer.getModelDigest().isEmpty()
        ? null
        : (at < 0 ? name : name.substring(0, at)) + "@" + answer.getModelDigest();
  }

  private static Message message(String role, String content) {
    return Message.newBuilder().setRole(role).setContent(content).build();
  }
}
