package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.unmask.gateway.flow.RefusedException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The API's own messages as JSON objects: fields by their names in the {@code .proto} files, enum
 * values in lower case without their type's prefix ({@code "low_confidence"}). So whatever a
 * message gains is there over HTTP too.
 */
final class ProtoJson {

  private ProtoJson() {}

  /**
   * Reads the fields of {@code into} from an object; fields that are not the message's stay unread.
   *
   * @param except names that are something else here
   */
  static void read(Fields from, Message.Builder into, Set<String> except) throws RefusedException {
    for (FieldDescriptor field : into.getDescriptorForType().getFields()) {
      if (except.contains(field.getName())) {
        continue;
      }
      JsonNode value = from.any(field.getName());
      if (value != null) {
        refuseSecond(from, field, into);
        read(value, from.path(field.getName()), field, into);
      }
    }
  }

  /** Of alternatives one may be given; a message would keep the last without a word. */
  private static void refuseSecond(Fields from, FieldDescriptor field, Message.Builder into)
      throws RefusedException {
    var alternatives = field.getRealContainingOneof();
    FieldDescriptor first =
        alternatives == null ? null : into.getOneofFieldDescriptor(alternatives);
    if (first != null) {
      String path = from.path("");
      throw Fields.invalid(
          path.isEmpty() ? field.getName() : path.substring(0, path.length() - 1),
          from.path(first.getName())
              + " and "
              + from.path(field.getName())
              + " are both given; give one of them.");
    }
  }

  private static void read(JsonNode value, String path, FieldDescriptor field, Message.Builder into)
      throws RefusedException {
    if (field.isMapField()) {
      throw Fields.invalid(path, path + " cannot be given.");
    }
    if (!field.isRepeated()) {
      into.setField(field, one(value, path, field, into));
      return;
    }
    if (!value.isArray()) {
      throw Fields.wrong(path, "a list", value);
    }
    for (int i = 0; i < value.size(); i++) {
      into.addRepeatedField(field, one(value.get(i), path + "[" + i + "]", field, into));
    }
  }

  private static Object one(JsonNode value, String path, FieldDescriptor field, Message.Builder in)
      throws RefusedException {
    return switch (field.getJavaType()) {
      case INT -> Math.toIntExact(Fields.whole(path, value, Integer.MIN_VALUE, Integer.MAX_VALUE));
      case LONG -> Fields.whole(path, value, Long.MIN_VALUE, Long.MAX_VALUE);
      case DOUBLE -> number(value, path);
      case FLOAT -> (float) number(value, path);
      case BOOLEAN -> {
        if (!value.isBoolean()) {
          throw Fields.wrong(path, "true or false", value);
        }
        yield value.booleanValue();
      }
      case STRING -> {
        if (!value.isTextual()) {
          throw Fields.wrong(path, "a string", value);
        }
        yield value.textValue();
      }
      case ENUM -> constant(value, path, field.getEnumType());
      case MESSAGE -> {
        Message.Builder inner = in.newBuilderForField(field);
        Fields fields = Fields.of(value, path);
        read(fields, inner, Set.of());
        fields.end();
        yield inner.build();
      }
      case BYTE_STRING -> throw Fields.invalid(path, path + " cannot be given.");
    };
  }

  private static double number(JsonNode value, String path) throws RefusedException {
    if (!value.isNumber()) {
      throw Fields.wrong(path, "a number", value);
    }
    return value.doubleValue();
  }

  private static EnumValueDescriptor constant(JsonNode value, String path, EnumDescriptor type)
      throws RefusedException {
    List<EnumValueDescriptor> known =
        type.getValues().stream().filter(v -> v.getNumber() != 0).toList();
    if (value.isTextual()) {
      for (EnumValueDescriptor constant : known) {
        if (name(constant).equals(value.textValue())) {
          return constant;
        }
      }
    }
    throw Fields.wrong(
        path, known.stream().map(ProtoJson::name).collect(Collectors.joining(", or ")), value);
  }

  /** {@code REMASKING_LOW_CONFIDENCE} as {@code low_confidence}. */
  static String name(EnumValueDescriptor constant) {
    String prefix =
        constant.getType().getName().replaceAll("([a-z])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT)
            + "_";
    String name = constant.getName();
    return (name.startsWith(prefix) ? name.substring(prefix.length()) : name)
        .toLowerCase(Locale.ROOT);
  }

  /** All fields that are set. */
  static ObjectNode write(Message message) {
    ObjectNode object = Json.object();
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (field.isMapField()) {
        ObjectNode map = object.putObject(field.getName());
        FieldDescriptor valueOf = field.getMessageType().findFieldByName("value");
        FieldDescriptor keyOf = field.getMessageType().findFieldByName("key");
        for (Object pair : (List<?>) entry.getValue()) {
          Message inner = (Message) pair;
          map.set(inner.getField(keyOf).toString(), value(valueOf, inner.getField(valueOf)));
        }
      } else if (field.isRepeated()) {
        ArrayNode list = object.putArray(field.getName());
        for (Object item : (List<?>) entry.getValue()) {
          list.add(value(field, item));
        }
      } else {
        object.set(field.getName(), value(field, entry.getValue()));
      }
    }
    return object;
  }

  private static JsonNode value(FieldDescriptor field, Object value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (field.getJavaType()) {
      case INT -> nodes.numberNode((Integer) value);
      case LONG -> nodes.numberNode((Long) value);
      case FLOAT -> finite(((Float) value).doubleValue());
      case DOUBLE -> finite((Double) value);
      case BOOLEAN -> nodes.booleanNode((Boolean) value);
      case STRING -> nodes.textNode((String) value);
      case ENUM -> nodes.textNode(name((EnumValueDescriptor) value));
      case MESSAGE -> write((Message) value);
      case BYTE_STRING -> throw new IllegalArgumentException(field + " is no JSON");
    };
  }

  /** JSON has no NaN. */
  static JsonNode finite(double value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return Double.isFinite(value) ? nodes.numberNode(value) : nodes.nullNode();
  }
}
