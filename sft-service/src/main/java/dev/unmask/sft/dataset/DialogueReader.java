package dev.unmask.sft.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.text.ChatMessage;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a dialogue file line by line; memory is bounded by the longest line allowed. Blank lines
 * are skipped, other fields of a row are ignored.
 */
public final class DialogueReader implements AutoCloseable {

  /** Longer lines are skipped and reported. */
  static final int MAX_LINE_BYTES = 1 << 20;

  private static final int EXCERPT = 200;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final String file;
  private final InputStream input;
  private long line;

  /**
   * Reads from {@code input} and closes it at the end.
   *
   * @param file the name that rows carry
   */
  public DialogueReader(String file, InputStream input) {
    this.file = file;
    this.input = new BufferedInputStream(input, 1 << 16);
  }

  /** Opens a file on disk. */
  public static DialogueReader open(Path path) throws IOException {
    return new DialogueReader(String.valueOf(path.getFileName()), Files.newInputStream(path));
  }

  /** The next row, or null at the end. */
  public @Nullable DatasetRow next() throws IOException {
    while (true) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
      boolean tooLong = false;
      int b = input.read();
      if (b < 0) {
        return null;
      }
      for (; b >= 0 && b != '\n'; b = input.read()) {
        if (bytes.size() < MAX_LINE_BYTES) {
          bytes.write(b);
        } else {
          tooLong = true;
        }
      }
      line++;
      if (tooLong) {
        return rejected(
            "",
            Reason.LINE_TOO_LONG,
            "The line has more than " + MAX_LINE_BYTES + " bytes; split the dialogue.",
            bytes.toString(StandardCharsets.UTF_8));
      }
      String text;
      try {
        text =
            StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes.toByteArray()))
                .toString();
      } catch (CharacterCodingException e) {
        return rejected(
            "",
            Reason.NOT_UTF8,
            "The line is not UTF-8 text.",
            bytes.toString(StandardCharsets.UTF_8));
      }
      if (line == 1 && text.startsWith("\uFEFF")) {
        text = text.substring(1);
      }
      if (!text.isBlank()) {
        return parse(text);
      }
    }
  }

  private DatasetRow parse(String text) {
    JsonNode root;
    try {
      root = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return rejected(
          "",
          Reason.NOT_JSON,
          "The line is not one JSON value (" + e.getOriginalMessage() + ").",
          text);
    }
    if (!root.isObject()) {
      return rejected(
          "", Reason.NOT_AN_OBJECT, "The line must be an object {\"messages\": [...]}.", text);
    }
    JsonNode messages = root.path("messages");
    if (!messages.isArray() || messages.isEmpty()) {
      return rejected(
          "/messages",
          Reason.MESSAGES_MISSING,
          "The row needs a list \"messages\" with at least one user and one assistant message.",
          text);
    }
    List<ChatMessage> turns = new ArrayList<>(messages.size());
    boolean answered = false;
    for (int i = 0; i < messages.size(); i++) {
      String pointer = "/messages/" + i;
      JsonNode message = messages.get(i);
      Rejected wrong = judge(message, pointer, turns, text);
      if (wrong != null) {
        return wrong;
      }
      turns.add(new ChatMessage(message.path("role").asText(), message.path("content").asText()));
      answered |= message.path("role").asText().equals("assistant");
    }
    if (!answered) {
      return rejected(
          "/messages",
          Reason.NO_ASSISTANT_TURN,
          "No message has the role assistant, so there is nothing to learn from the row.",
          text);
    }
    return new Dialogue(file, line, turns);
  }

  private @Nullable Rejected judge(
      JsonNode message, String pointer, List<ChatMessage> before, String text) {
    if (!message.isObject()) {
      return rejected(
          pointer,
          Reason.MESSAGE_NOT_AN_OBJECT,
          "A message must be an object with role and content.",
          text);
    }
    String role = message.path("role").asText("");
    if (!message.path("role").isTextual()
        || !(role.equals("system") || role.equals("user") || role.equals("assistant"))) {
      return rejected(
          pointer + "/role",
          Reason.ROLE_UNKNOWN,
          "The role is "
              + (message.has("role") ? message.path("role") : "missing")
              + "; it must be \"system\", \"user\" or \"assistant\".",
          text);
    }
    JsonNode content = message.path("content");
    if (!content.isTextual()) {
      return rejected(
          pointer + "/content",
          Reason.CONTENT_NOT_TEXT,
          "The content is "
              + (message.has("content") ? "not a string" : "missing")
              + "; it must be a string.",
          text);
    }
    if (content.asText().isBlank()) {
      return rejected(pointer + "/content", Reason.CONTENT_EMPTY, "The content has no text.", text);
    }
    String last = before.isEmpty() ? "" : before.get(before.size() - 1).role();
    String wanted = last.equals("user") ? "assistant" : "user";
    boolean systemFirst = role.equals("system") && before.isEmpty();
    if (!systemFirst && !role.equals(wanted)) {
      return rejected(
          pointer + "/role",
          Reason.ROLES_OUT_OF_ORDER,
          "The role is \""
              + role
              + "\" where \""
              + wanted
              + "\" must stand: user and assistant take turns, and a system message comes first.",
          text);
    }
    return null;
  }

  private Rejected rejected(String pointer, Reason reason, String sentence, String text) {
    String excerpt = text.length() <= EXCERPT ? text : text.substring(0, EXCERPT) + "…";
    return new Rejected(file, line, pointer, reason, sentence, excerpt);
  }

  @Override
  public void close() throws IOException {
    input.close();
  }
}
