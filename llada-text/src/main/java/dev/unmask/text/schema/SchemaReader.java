package dev.unmask.text.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.unmask.text.schema.Shape.Alternative;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes a {@link Shape} of a JSON Schema (2020-12, of draft-07 what means the same), so that every
 * value of the shape is valid. A keyword that is not known here is refused, never ignored: an
 * answer could break it.
 *
 * <p>Every property is laid out, the optional ones too; an array has as many items as it may have.
 */
public final class SchemaReader {

  /** Values, objects and arrays of one shape. */
  public static final int MOST_PARTS = 1000;

  private static final int DEEPEST = 32;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Set<String> TYPES =
      Set.of("object", "array", "string", "integer", "number", "boolean", "null");

  /** They say nothing about what is valid. */
  private static final Set<String> NOTES =
      Set.of(
          "title",
          "description",
          "default",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "$comment",
          "$schema",
          "$id",
          "$defs",
          "definitions");

  private static final Set<String> OBJECT =
      Set.of(
          "type",
          "properties",
          "required",
          "additionalProperties",
          "unevaluatedProperties",
          "minProperties",
          "maxProperties");

  private static final Set<String> ARRAY =
      Set.of(
          "type",
          "items",
          "prefixItems",
          "minItems",
          "maxItems",
          "uniqueItems",
          "unevaluatedItems");

  private static final Set<String> STRING = Set.of("minLength", "maxLength");

  private static final Set<String> NUMBER =
      Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf");

  private final JsonNode root;
  private final Deque<String> refs = new ArrayDeque<>();
  private int parts;

  private SchemaReader(JsonNode root) {
    this.root = root;
  }

  /** Reads a whole schema from its JSON text. */
  public static Shape read(String schema) throws SchemaException {
    JsonNode root;
    try {
      root = JSON.readTree(schema);
    } catch (JsonProcessingException e) {
      throw new SchemaException("#", "there is no JSON: " + e.getOriginalMessage() + ".");
    }
    return new SchemaReader(root).shape(root, "#", 0);
  }

  /**
   * The exact value of a number.
   *
   * @throws SchemaException when it is so large or small that readers of JSON differ about it
   */
  static BigDecimal exact(JsonNode number, String at) throws SchemaException {
    BigDecimal exact = number.decimalValue();
    if (exact.signum() != 0 && Math.abs((long) exact.precision() - exact.scale()) > 300) {
      throw new SchemaException(at, "the number is beyond what readers of JSON hold.");
    }
    return exact;
  }

  private Shape shape(JsonNode schema, String at, int depth) throws SchemaException {
    if (!schema.isObject()) {
      throw new SchemaException(
          at,
          schema.isBoolean()
              ? "a schema that is " + schema + " says nothing that could be laid out."
              : "there must be a schema, which is an object.");
    }
    if (++parts > MOST_PARTS) {
      throw new SchemaException(
          at, "there are more than " + MOST_PARTS + " values, objects and arrays together.");
    }
    if (depth > DEEPEST) {
      throw new SchemaException(at, "it is nested more than " + DEEPEST + " deep.");
    }
    JsonNode ref = schema.get("$ref");
    if (ref != null) {
      only(schema, at, Set.of("$ref"));
      return referred(ref, at, depth);
    }
    for (String many : List.of("anyOf", "oneOf", "allOf")) {
      if (schema.has(many)) {
        only(schema, at, Set.of(many, "type"));
        return choice(schema, many, at, depth);
      }
    }
    if (schema.has("enum") || schema.has("const")) {
      only(schema, at, Set.of("enum", "const", "type"));
      return literals(schema, at);
    }
    Set<String> types = types(schema, at);
    if (types.isEmpty()) {
      throw new SchemaException(at, "there is no type, enum, const, anyOf or $ref.");
    }
    if (types.equals(Set.of("object"))) {
      only(schema, at, OBJECT);
      return keys(schema, at, depth);
    }
    if (types.equals(Set.of("array"))) {
      only(schema, at, ARRAY);
      return items(schema, at, depth);
    }
    return value(schema, types, at);
  }

  private Shape referred(JsonNode ref, String at, int depth) throws SchemaException {
    String target = ref.asText();
    if (!target.startsWith("#/")) {
      throw new SchemaException(
          at + "/$ref",
          target.equals("#")
              ? "the schema refers to itself; a recursive one has no fixed layout."
              : "only references into the schema itself, such as #/$defs/name, are followed.");
    }
    if (refs.contains(target)) {
      throw new SchemaException(
          at + "/$ref", target + " refers to itself; a recursive schema has no fixed layout.");
    }
    JsonNode found;
    try {
      found = root.at(target.substring(1));
    } catch (IllegalArgumentException e) {
      throw new SchemaException(at + "/$ref", target + " is no JSON pointer.");
    }
    if (found.isMissingNode()) {
      throw new SchemaException(at + "/$ref", "nothing stands at " + target + ".");
    }
    refs.push(target);
    Shape shape = shape(found, target, depth + 1);
    refs.pop();
    return shape;
  }

  private Shape choice(JsonNode schema, String keyword, String at, int depth)
      throws SchemaException {
    JsonNode branches = schema.get(keyword);
    String path = at + "/" + keyword;
    if (!branches.isArray() || branches.isEmpty()) {
      throw new SchemaException(path, "there must be a list of schemas.");
    }
    if (schema.has("type")) {
      throw new SchemaException(at + "/type", "give the type inside of each branch instead.");
    }
    if (branches.size() == 1) {
      return shape(branches.get(0), path + "/0", depth + 1);
    }
    if (keyword.equals("allOf")) {
      throw new SchemaException(path, "several schemas are not merged; give one.");
    }
    List<Alternative> all = new ArrayList<>();
    for (int i = 0; i < branches.size(); i++) {
      Shape branch = shape(branches.get(i), path + "/" + i, depth + 1);
      if (!(branch instanceof Shape.Value value)) {
        throw new SchemaException(
            path + "/" + i,
            "an object or array is one of several branches; its keys or brackets can only be fixed"
                + " when there is no other.");
      }
      if (keyword.equals("oneOf")) {
        for (Alternative one : value.alternatives()) {
          if (all.stream().anyMatch(other -> Overlap.between(one, other))) {
            throw new SchemaException(
                path + "/" + i,
                "a value could match this and an earlier branch of oneOf; use anyOf.");
          }
        }
      }
      all.addAll(value.alternatives());
    }
    return new Shape.Value(all);
  }

  private Shape literals(JsonNode schema, String at) throws SchemaException {
    Set<JsonNode> values = new LinkedHashSet<>();
    JsonNode only = schema.get("const");
    JsonNode some = schema.get("enum");
    if (some != null) {
      if (!some.isArray() || some.isEmpty() || some.size() > MOST_PARTS) {
        throw new SchemaException(at + "/enum", "there must be a list of 1 to 1000 values.");
      }
      for (int i = 0; i < some.size(); i++) {
        scalar(some.get(i), at + "/enum/" + i);
        values.add(some.get(i));
      }
    }
    if (only != null) {
      scalar(only, at + "/const");
      if (some == null) {
        values.add(only);
      } else {
        values.retainAll(Set.of(only));
      }
    }
    Set<String> types = types(schema, at);
    List<Alternative> all = new ArrayList<>();
    for (JsonNode value : values) {
      if (types.isEmpty() || types.stream().anyMatch(type -> Overlap.isOf(value, type))) {
        all.add(new Alternative.Literal(value));
      }
    }
    if (all.isEmpty()) {
      throw new SchemaException(at, "no value satisfies type, enum and const together.");
    }
    return new Shape.Value(all);
  }

  private static void scalar(JsonNode value, String at) throws SchemaException {
    if (value.isContainerNode()) {
      throw new SchemaException(
          at, "the value is an object or array; only strings, numbers, true, false and null are.");
    }
    if (value.isNumber()) {
      BigDecimal unused = exact(value, at);
    }
  }

  private Shape value(JsonNode schema, Set<String> types, String at) throws SchemaException {
    Set<String> known = new LinkedHashSet<>(Set.of("type"));
    List<Alternative> all = new ArrayList<>();
    for (String type : types) {
      switch (type) {
        case "string" -> {
          known.addAll(STRING);
          int least = (int) Math.min(whole(schema, at, "minLength", 0), Integer.MAX_VALUE);
          int most =
              (int) Math.min(whole(schema, at, "maxLength", Integer.MAX_VALUE), Integer.MAX_VALUE);
          if (least > most) {
            throw new SchemaException(at, "minLength is larger than maxLength.");
          }
          all.add(new Alternative.Text(least, most));
        }
        case "integer", "number" -> {
          known.addAll(NUMBER);
          // An integer is a number, too.
          if (type.equals("number") || !types.contains("number")) {
            all.add(NumberBounds.read(schema, at, type.equals("integer")));
          }
        }
        case "boolean" -> {
          all.add(new Alternative.Literal(BooleanNode.TRUE));
          all.add(new Alternative.Literal(BooleanNode.FALSE));
        }
        case "null" -> all.add(new Alternative.Literal(NullNode.getInstance()));
        default ->
            throw new SchemaException(
                at + "/type",
                type
                    + " is one of several types; its keys or brackets can only be fixed when there"
                    + " is no other.");
      }
    }
    only(schema, at, known);
    return new Shape.Value(all);
  }

  private Shape keys(JsonNode schema, String at, int depth) throws SchemaException {
    List<Shape.Field> fields = new ArrayList<>();
    JsonNode properties = schema.path("properties");
    if (!properties.isMissingNode() && !properties.isObject()) {
      throw new SchemaException(at + "/properties", "there must be an object of schemas.");
    }
    for (Map.Entry<String, JsonNode> property : properties.properties()) {
      String path = at + "/properties/" + escaped(property.getKey());
      fields.add(new Shape.Field(property.getKey(), shape(property.getValue(), path, depth + 1)));
    }
    JsonNode required = list(schema, at, "required");
    for (int i = 0; i < required.size(); i++) {
      if (!properties.has(required.get(i).asText())) {
        throw new SchemaException(
            at + "/required/" + i,
            required.get(i) + " is required, but properties do not say what it is.");
      }
    }
    if (fields.size() < whole(schema, at, "minProperties", 0)
        || fields.size() > whole(schema, at, "maxProperties", Integer.MAX_VALUE)) {
      throw new SchemaException(
          at,
          "there are "
              + fields.size()
              + " properties, which are all laid out; minProperties and maxProperties do not allow"
              + " that.");
    }
    return new Shape.Keys(fields);
  }

  private Shape items(JsonNode schema, String at, int depth) throws SchemaException {
    JsonNode prefix = list(schema, at, "prefixItems");
    JsonNode rest = schema.path("items");
    if (rest.isArray()) {
      throw new SchemaException(at + "/items", "a list of schemas is called prefixItems.");
    }
    long least = whole(schema, at, "minItems", 0);
    long most = whole(schema, at, "maxItems", -1);
    boolean closed = rest.isBoolean() && !rest.booleanValue();
    if (most < 0) {
      if (!closed && rest.isObject() && prefix.isEmpty()) {
        throw new SchemaException(at, "the array has no maxItems, so its length is not known.");
      }
      most = prefix.size();
    }
    if (closed) {
      most = Math.min(most, prefix.size());
    }
    if (most < least) {
      throw new SchemaException(
          at, "the array can have " + most + " items, and minItems is " + least + ".");
    }
    if (most > 1 && schema.path("uniqueItems").asBoolean()) {
      throw new SchemaException(
          at + "/uniqueItems", "items are written at the same time and could be the same.");
    }
    if (most > MOST_PARTS) {
      throw new SchemaException(
          at + "/maxItems",
          "all " + most + " items are laid out; at most " + MOST_PARTS + " can be.");
    }
    List<Shape> items = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      boolean own = i < prefix.size();
      if (!own && rest.isMissingNode()) {
        throw new SchemaException(at, "items does not say what item " + i + " is.");
      }
      items.add(
          own
              ? shape(prefix.get(i), at + "/prefixItems/" + i, depth + 1)
              : shape(rest, at + "/items", depth + 1));
    }
    return new Shape.Items(items);
  }

  private static JsonNode list(JsonNode schema, String at, String keyword) throws SchemaException {
    JsonNode list = schema.path(keyword);
    if (!list.isMissingNode() && !list.isArray()) {
      throw new SchemaException(at + "/" + keyword, "there must be a list.");
    }
    return list;
  }

  private static Set<String> types(JsonNode schema, String at) throws SchemaException {
    JsonNode type = schema.path("type");
    if (type.isMissingNode()) {
      return Set.of();
    }
    Set<String> types = new LinkedHashSet<>();
    if (type.isArray()) {
      type.forEach(one -> types.add(one.asText()));
    } else {
      types.add(type.asText());
    }
    if (types.isEmpty() || !TYPES.containsAll(types)) {
      throw new SchemaException(
          at + "/type",
          "there must be object, array, string, integer, number, boolean or null, or a list of"
              + " such.");
    }
    return types;
  }

  private static long whole(JsonNode schema, String at, String keyword, long usual)
      throws SchemaException {
    JsonNode value = schema.get(keyword);
    if (value == null) {
      return usual;
    }
    if (!value.isNumber() || value.doubleValue() < 0 || value.doubleValue() % 1 != 0) {
      throw new SchemaException(at + "/" + keyword, "there must be a whole number from 0.");
    }
    return value.longValue();
  }

  /** Refuses every keyword that is neither known here nor a note. */
  private static void only(JsonNode schema, String at, Set<String> known) throws SchemaException {
    Iterator<String> names = schema.fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      if (!known.contains(name) && !NOTES.contains(name)) {
        throw new SchemaException(
            at + "/" + escaped(name),
            "the keyword cannot be kept here by what is written into the slots; leave it out.");
      }
    }
  }

  /** A name inside a JSON pointer. */
  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }
}
