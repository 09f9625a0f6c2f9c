package dev.unmask.sampler.structure;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Random;

/** Schemas with everything that can be laid out. */
final class RandomSchemas {

  private static final String[] WORDS = {
    "red",
    "blau",
    "Köln",
    "a \"quoted\" word",
    "back\\slash",
    "",
    "red hot",
    "日本",
    "0",
    "null",
    "\n"
  };

  private final Random random;
  private final ObjectNode defs = JsonNodeFactory.instance.objectNode();

  RandomSchemas(Random random) {
    this.random = random;
  }

  /** A schema of a few values. */
  String next() {
    defs.removeAll();
    defs.set("shared", scalar());
    ObjectNode root = any(random.nextInt(5) == 0 ? 0 : 2);
    root.set("$defs", defs);
    root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    return root.toString();
  }

  private ObjectNode any(int depth) {
    return switch (depth == 0 ? 9 : random.nextInt(10)) {
      case 0, 1, 2, 3 -> object(depth);
      case 4, 5 -> array(depth);
      default -> scalar();
    };
  }

  private ObjectNode object(int depth) {
    ObjectNode schema = typed("object");
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = schema.putArray("required");
    for (int i = random.nextInt(4); i >= 0; i--) {
      String name = "p" + i + WORDS[random.nextInt(WORDS.length)];
      properties.set(name, any(depth - 1));
      if (random.nextBoolean()) {
        required.add(name);
      }
    }
    if (random.nextBoolean()) {
      schema.put("additionalProperties", false);
    }
    return schema;
  }

  private ObjectNode array(int depth) {
    ObjectNode schema = typed("array");
    if (random.nextBoolean()) {
      ArrayNode prefix = schema.putArray("prefixItems");
      for (int i = random.nextInt(3); i >= 0; i--) {
        prefix.add(any(depth - 1));
      }
      schema.put("items", false);
    } else {
      int most = random.nextInt(4);
      schema.put("maxItems", most).put("minItems", random.nextInt(most + 1));
      schema.set("items", any(depth - 1));
    }
    return schema;
  }

  private ObjectNode scalar() {
    return switch (random.nextInt(9)) {
      case 0 -> text();
      case 1, 2 -> number();
      case 3 -> typed("boolean");
      case 4 -> choice();
      case 5 -> union();
      case 6 -> JsonNodeFactory.instance.objectNode().put("const", WORDS[random.nextInt(3)]);
      case 7 ->
          defs.isEmpty()
              ? text()
              : JsonNodeFactory.instance.objectNode().put("$ref", "#/$defs/shared");
      default -> {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        schema.putArray("type").add("null").add(random.nextBoolean() ? "integer" : "string");
        yield schema;
      }
    };
  }

  private ObjectNode text() {
    ObjectNode schema = typed("string");
    int least = random.nextInt(6);
    if (random.nextBoolean()) {
      schema.put("minLength", least);
    }
    if (random.nextInt(3) > 0) {
      schema.put("maxLength", least + random.nextInt(12));
    }
    return schema;
  }

  private ObjectNode number() {
    boolean whole = random.nextBoolean();
    ObjectNode schema = typed(whole ? "integer" : "number");
    double low = (random.nextInt(4000) - 2000) / (whole ? 7 : 100.0);
    if (random.nextBoolean()) {
      schema.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", low);
    }
    if (random.nextBoolean()) {
      schema.put(
          random.nextBoolean() ? "maximum" : "exclusiveMaximum", low + 2 + random.nextInt(300));
    }
    if (!whole && random.nextInt(3) == 0) {
      schema.put("multipleOf", 0.1);
    }
    return schema;
  }

  private ObjectNode choice() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    ArrayNode values = schema.putArray("enum");
    for (String word : WORDS) {
      if (random.nextBoolean()) {
        values.add(word);
      }
    }
    values.add(true).addNull().add(12).add(-0.5);
    return schema;
  }

  private ObjectNode union() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    ArrayNode branches = schema.putArray(random.nextBoolean() ? "anyOf" : "oneOf");
    branches.add(text());
    branches.add(number());
    branches.add(typed("null"));
    return schema;
  }

  private static ObjectNode typed(String type) {
    return new ObjectMapper().createObjectNode().put("type", type);
  }
}
