package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.ErrorCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one JSON object, each read once and by name; {@link #end} refuses what nobody read.
 * {@code null} counts as absent. Every method throws INVALID_ARGUMENT with the field's path.
 */
final class Fields {

  private final ObjectNode object;
  private final String at;
  private final Set<String> read = new HashSet<>();

  private Fields(ObjectNode object, String at) {
    this.object = object;
    this.at = at;
  }

  /** The whole body. */
  static Fields of(ObjectNode body) {
    return new Fields(body, "");
  }

  /** An object inside another. */
  static Fields of(JsonNode node, String path) throws RefusedException {
    if (node instanceof ObjectNode object) {
      return new Fields(object, path + ".");
    }
    throw wrong(path, "a JSON object", node);
  }

  /** The path of a field. */
  String path(String name) {
    return at + name;
  }

  /** The value, null when absent. */
  @Nullable JsonNode any(String name) {
    read.add(name);
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? null : value;
  }

  boolean has(String name) {
    return object.hasNonNull(name);
  }

  @Nullable Fields object(String name) throws RefusedException {
    JsonNode value = any(name);
    return value == null ? null : of(value, path(name));
  }

  @Nullable String text(String name) throws RefusedException {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      throw wrong(path(name), "a string", value);
    }
    return value.textValue();
  }

  String text(String name, String absent) throws RefusedException {
    String value = text(name);
    return value == null ? absent : value;
  }

  @Nullable Boolean flag(String name) throws RefusedException {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    if (!value.isBoolean()) {
      throw wrong(path(name), "true or false", value);
    }
    return value.booleanValue();
  }

  boolean flag(String name, boolean absent) throws RefusedException {
    Boolean value = flag(name);
    return value == null ? absent : value;
  }

  @Nullable Long whole(String name, long least, long most) throws RefusedException {
    JsonNode value = any(name);
    return value == null ? null : whole(path(name), value, least, most);
  }

  int whole(String name, int least, int most, int absent) throws RefusedException {
    Long value = whole(name, least, most);
    return value == null ? absent : Math.toIntExact(value);
  }

  static long whole(String path, JsonNode value, long least, long most) throws RefusedException {
    boolean integral =
        value.isIntegralNumber()
            || (value.isNumber() && value.doubleValue() == Math.rint(value.doubleValue()));
    if (!integral || !value.canConvertToLong()) {
      throw wrong(path, "a whole number", value);
    }
    long number = value.longValue();
    if (number < least || number > most) {
      throw invalid(
          path, path + " is " + number + "; it must be from " + least + " to " + most + ".");
    }
    return number;
  }

  @Nullable Double number(String name) throws RefusedException {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    if (!value.isNumber()) {
      throw wrong(path(name), "a number", value);
    }
    return value.doubleValue();
  }

  /** A string or a list of strings. */
  List<String> texts(String name) throws RefusedException {
    JsonNode value = any(name);
    List<String> all = new ArrayList<>();
    if (value == null) {
      return all;
    }
    if (value.isTextual()) {
      all.add(value.textValue());
      return all;
    }
    if (!value.isArray()) {
      throw wrong(path(name), "a string or a list of strings", value);
    }
    for (int i = 0; i < value.size(); i++) {
      if (!value.get(i).isTextual()) {
        throw wrong(path(name) + "[" + i + "]", "a string", value.get(i));
      }
      all.add(value.get(i).textValue());
    }
    return all;
  }

  /**
   * A field of the protocol that this server has no use for.
   *
   * @param neutral whether a value asks for nothing
   * @param sentence why another one is refused
   */
  void neutral(String name, Predicate<JsonNode> neutral, String sentence) throws RefusedException {
    JsonNode value = any(name);
    if (value != null && !neutral.test(value)) {
      throw invalid(path(name), path(name) + " " + sentence);
    }
  }

  /** A field for something that this server does not do yet. */
  void unbuilt(String name, Predicate<JsonNode> neutral, String sentence) throws RefusedException {
    JsonNode value = any(name);
    if (value != null && !neutral.test(value)) {
      throw unimplemented(path(name), path(name) + " " + sentence);
    }
  }

  /** Refuses a field that nobody has read. */
  void end() throws RefusedException {
    Iterator<String> names = object.fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      if (!read.contains(name)) {
        String shown = name.length() > 60 ? name.substring(0, 60) + "…" : name;
        throw invalid(path(shown), "There is no field " + path(shown) + " here; leave it out.");
      }
    }
  }

  static RefusedException wrong(String path, String wanted, JsonNode value) {
    String kind =
        switch (value.getNodeType()) {
          case ARRAY -> "a list";
          case OBJECT, POJO -> "an object";
          case STRING -> "a string";
          case NUMBER -> "the number " + shortened(value.asText());
          case BOOLEAN -> value.asText();
          case NULL, MISSING -> "null";
          case BINARY -> "bytes";
        };
    return invalid(path, path + " is " + kind + "; it must be " + wanted + ".");
  }

  private static String shortened(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }

  static RefusedException invalid(String path, String message) {
    return new RefusedException(Refusal.invalid(path, message));
  }

  static RefusedException unimplemented(String path, String message) {
    return new RefusedException(
        new Refusal(ErrorCode.ERROR_CODE_UNIMPLEMENTED, message, path, null));
  }
}
