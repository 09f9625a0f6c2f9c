package dev.unmask.sft.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the readers of the two shapes share: fields by any of their usual names. */
record TaskRow(JsonNode json, String task, String place, int line) {

  TaskFileException wrong(String what) {
    return new TaskFileException(place, what);
  }

  /** The first of these fields that is there and not null. */
  Optional<JsonNode> first(String... names) {
    for (String name : names) {
      JsonNode value = json.get(name);
      if (value != null && !value.isNull()) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  /** Text of a field, a number as it is written. */
  String text(JsonNode value, String name) throws TaskFileException {
    if (!value.isValueNode()) {
      throw wrong("/" + name + " is " + kind(value) + "; it must be text");
    }
    return value.asText();
  }

  /** A text, or a list of them, as a list. */
  List<String> texts(JsonNode value, String name) throws TaskFileException {
    List<String> all = new ArrayList<>();
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        all.add(text(value.get(i), name + "/" + i));
      }
    } else {
      all.add(text(value, name));
    }
    if (all.isEmpty() || all.stream().anyMatch(String::isBlank)) {
      throw wrong("/" + name + " holds no text");
    }
    return all;
  }

  static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT, POJO -> "an object";
      case ARRAY -> "a list";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case STRING, BINARY -> "text";
      case NULL, MISSING -> "nothing";
    };
  }
}
