package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the fields that rows of several formats have. */
final class Fields {

  private static final int KEYS = 12;

  private Fields() {}

  /** The row's name: a string or a number under {@code id}. */
  static @Nullable String id(JsonNode row) {
    JsonNode id = row.path("id");
    return id.isTextual() || id.isNumber() ? id.asText() : null;
  }

  /** A string that must be there and must not be blank. */
  static String field(JsonNode row, String key, Reason whenEmpty) throws BadRow {
    JsonNode value = row.path(key);
    if (value.isMissingNode()) {
      throw new BadRow(
          "/" + key,
          Reason.FIELD_MISSING,
          "The row has no \"" + key + "\"; its keys are " + keys(row) + "." + hint(row));
    }
    return text(value, "/" + key, whenEmpty);
  }

  /** A string, or a list of OpenAI's text parts; must not be blank. */
  static String text(JsonNode value, String pointer, Reason whenEmpty) throws BadRow {
    String text;
    if (value.isTextual()) {
      text = value.asText();
    } else if (value.isArray() && !value.isEmpty()) {
      StringBuilder joined = new StringBuilder();
      for (int i = 0; i < value.size(); i++) {
        JsonNode part = value.get(i);
        if (!part.path("type").asText("").equals("text") || !part.path("text").isTextual()) {
          throw new BadRow(
              pointer + "/" + i,
              Reason.CONTENT_NOT_TEXT,
              "A part of the content is no {\"type\": \"text\", \"text\": ...}; this model reads"
                  + " text only.");
        }
        joined.append(part.path("text").asText());
      }
      text = joined.toString();
    } else {
      throw new BadRow(
          pointer,
          Reason.CONTENT_NOT_TEXT,
          "The content is "
              + (value.isMissingNode() ? "missing" : "not a string")
              + "; it must be a string.");
    }
    if (text.isBlank()) {
      throw new BadRow(
          pointer,
          whenEmpty,
          whenEmpty == Reason.ANSWER_EMPTY
              ? "The answer has no text, so there is nothing to learn from it."
              : "The content has no text.");
    }
    return text;
  }

  /** The keys of a row, for a sentence. */
  static String keys(JsonNode row) {
    List<String> names = new ArrayList<>();
    row.fieldNames().forEachRemaining(name -> names.add(Excerpt.of(name)));
    if (names.isEmpty()) {
      return "none";
    }
    return names.size() <= KEYS
        ? String.join(", ", names)
        : String.join(", ", names.subList(0, KEYS)) + " and " + (names.size() - KEYS) + " more";
  }

  /** What the row looks like, as a sentence of its own, or nothing. */
  static String hint(JsonNode row) {
    return DatasetFormat.of(row)
        .map(f -> " It looks like a row of the format " + f.title() + "; a file has one format.")
        .orElse("");
  }
}
