package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenAI's messages as a dialogue of the three roles that chat templates know. A call that
 * the assistant made is the JSON that it wrote; what the function returned is told by the user.
 */
final class Dialogue {

  /** Of each call so far, the function that was called. */
  private final Map<String, String> calls = new HashMap<>();

  private final List<Message> messages = new ArrayList<>();
  private boolean afterTool;

  private Dialogue() {}

  static List<Message> of(JsonNode messages) throws RefusedException {
    if (!messages.isArray()) {
      throw Fields.wrong("messages", "a list of messages", messages);
    }
    Dialogue dialogue = new Dialogue();
    for (int i = 0; i < messages.size(); i++) {
      dialogue.add(Fields.of(messages.get(i), "messages[" + i + "]"));
    }
    return dialogue.messages;
  }

  /** The same dialogue with something more that the system says. */
  static List<Message> told(List<Message> messages, String more) {
    if (more.isEmpty()) {
      return messages;
    }
    List<Message> told = new ArrayList<>(messages);
    boolean system = !told.isEmpty() && told.getFirst().getRole().equals("system");
    Message first =
        Message.newBuilder()
            .setRole("system")
            .setContent(system ? told.getFirst().getContent() + "\n\n" + more : more)
            .build();
    if (system) {
      told.set(0, first);
    } else {
      told.addFirst(first);
    }
    return told;
  }

  private void add(Fields message) throws RefusedException {
    String role = message.text("role", "");
    JsonNode said = message.any("content");
    String content = said == null ? "" : content(said, message.path("content"));
    NeutralFields.message(message);
    JsonNode made = message.any("tool_calls");
    String answers = message.text("tool_call_id");
    message.end();
    if (made != null && !made.isEmpty() && !role.equals("assistant")) {
      throw Fields.invalid(
          message.path("tool_calls"), message.path("tool_calls") + " is for the assistant only.");
    }
    if (answers != null && !role.equals("tool")) {
      throw Fields.invalid(
          message.path("tool_call_id"), message.path("tool_call_id") + " is for role tool only.");
    }
    switch (role) {
      case "tool" -> {
        returned(message, answers, content);
        return;
      }
      case "function" ->
          throw Fields.invalid(
              message.path("role"),
              message.path("role") + " is function, which became tool, with tool_call_id.");
      // OpenAI's newer name for the same thing.
      case "developer" -> say("system", content);
      case "assistant" -> say(role, made == null ? content : called(message, made, content));
      default -> say(role, content);
    }
    afterTool = false;
  }

  private void say(String role, String content) {
    messages.add(Message.newBuilder().setRole(role).setContent(content).build());
  }

  /** Results of several calls of one turn are told together: templates want roles to take turns. */
  private void returned(Fields message, @Nullable String id, String content)
      throws RefusedException {
    String function = id == null ? null : calls.get(id);
    if (function == null) {
      throw Fields.invalid(
          message.path("tool_call_id"),
          message.path("tool_call_id") + " must be the id of a call in an earlier message.");
    }
    String told = function + " returned: " + content;
    if (afterTool) {
      Message before = messages.removeLast();
      told = before.getContent() + "\n" + told;
    }
    say("user", told);
    afterTool = true;
  }

  private String called(Fields message, JsonNode made, String content) throws RefusedException {
    StringBuilder text = new StringBuilder(content);
    if (!made.isArray()) {
      throw Fields.wrong(message.path("tool_calls"), "a list of calls", made);
    }
    for (int i = 0; i < made.size(); i++) {
      Fields call = Fields.of(made.get(i), message.path("tool_calls") + "[" + i + "]");
      String id = call.text("id", "");
      var unusedIndex = call.any("index");
      if (!call.text("type", "function").equals("function")) {
        throw Fields.invalid(call.path("type"), call.path("type") + " must be \"function\".");
      }
      Fields function = call.object("function");
      call.end();
      if (function == null) {
        throw Fields.invalid(call.path("function"), call.path("function") + " is missing.");
      }
      String name = function.text("name", "");
      String arguments = function.text("arguments", "");
      function.end();
      calls.put(id, name);
      ObjectNode json = Json.object().put("name", name);
      try {
        json.set(
            "arguments",
            Json.parse((arguments.isBlank() ? "{}" : arguments).getBytes(StandardCharsets.UTF_8)));
      } catch (RefusedException e) {
        throw Fields.invalid(
            function.path("arguments"),
            function.path("arguments") + " must be the text of a JSON object.");
      }
      text.append(text.isEmpty() ? "" : "\n").append(Json.text(json));
    }
    return text.toString();
  }

  /** A string, or a list of parts that are all text. */
  private static String content(JsonNode content, String path) throws RefusedException {
    if (content.isTextual()) {
      return content.textValue();
    }
    if (!content.isArray()) {
      throw Fields.wrong(path, "a string or a list of text parts", content);
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      Fields part = Fields.of(content.get(i), path + "[" + i + "]");
      String type = part.text("type", "");
      if (!type.equals("text")) {
        throw Fields.invalid(
            part.path("type"), part.path("type") + " must be \"text\": the model reads text only.");
      }
      text.append(part.text("text", ""));
      part.end();
    }
    return text.toString();
  }
}
