package dev.unmask.gateway.flow.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The layout in which a model chooses one of several functions: a call of which only the name. */
final class ToolNames {

  private static final ObjectMapper JSON = new ObjectMapper();

  private ToolNames() {}

  static String schema(ToolSet tools) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
    ArrayNode names = schema.putObject("properties").putObject("name").putArray("enum");
    tools.tools().forEach(tool -> names.add(tool.name()));
    return schema.toString();
  }

  /** The function that an answer to {@link #schema} names. */
  static ToolSet.Tool chosen(ToolSet tools, String answer) {
    String name;
    try {
      name = JSON.readTree(answer).path("name").asText();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an answer of a given form is no JSON", e);
    }
    return tools.tools().stream()
        .filter(tool -> tool.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("an answer names no function: " + answer));
  }
}
