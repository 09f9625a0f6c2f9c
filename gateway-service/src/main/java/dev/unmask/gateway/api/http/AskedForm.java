package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.tools.ToolSet;
import dev.unmask.text.schema.SchemaException;
import dev.unmask.text.schema.SchemaReader;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a chat's answer has to look like: {@code response_format}, {@code tools} and {@code
 * tool_choice}.
 *
 * @param schema the JSON Schema of the answer; null is any text
 * @param tools the functions that may be called; null is none
 * @param toolPrompt what the model is told about them; empty without tools
 */
record AskedForm(@Nullable String schema, @Nullable ToolSet tools, String toolPrompt) {

  private static final int MOST_TOOLS = 128;

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

  /** A form of text alone. */
  static final AskedForm ANY = new AskedForm(null, null, "");

  static AskedForm of(Fields body) throws RefusedException {
    String schema = schema(body.object("response_format"));
    JsonNode tools = body.any("tools");
    JsonNode choice = body.any("tool_choice");
    body.neutral("parallel_tool_calls", JsonNode::isBoolean, "must be true or false.");
    if (tools == null || (tools.isArray() && tools.isEmpty())) {
      if (choice != null && !choice.asText().equals("none") && !choice.asText().equals("auto")) {
        throw Fields.invalid("tool_choice", "tool_choice is set, but there are no tools to call.");
      }
      return new AskedForm(schema, null, "");
    }
    if (!tools.isArray() || tools.size() > MOST_TOOLS) {
      throw Fields.wrong("tools", "a list of 1 to " + MOST_TOOLS + " tools", tools);
    }
    List<ToolSet.Tool> all = new ArrayList<>();
    StringBuilder prompt =
        new StringBuilder(
            "You can call functions. To call one, answer with"
                + " {\"name\": …, \"arguments\": {…}} and nothing else. The functions:");
    for (int i = 0; i < tools.size(); i++) {
      all.add(tool(Fields.of(tools.get(i), "tools[" + i + "]"), prompt));
    }
    if (all.stream().map(ToolSet.Tool::name).distinct().count() < all.size()) {
      throw Fields.invalid("tools", "Two tools have the same name; each must have its own.");
    }
    return chosen(schema, all, choice, prompt.toString());
  }

  private static AskedForm chosen(
      @Nullable String schema, List<ToolSet.Tool> all, @Nullable JsonNode choice, String prompt)
      throws RefusedException {
    if (choice == null || choice.asText().equals("auto")) {
      return new AskedForm(schema, new ToolSet(all, false), prompt);
    }
    if (choice.asText().equals("none")) {
      return new AskedForm(schema, null, "");
    }
    if (choice.asText().equals("required")) {
      return new AskedForm(schema, new ToolSet(all, true), prompt);
    }
    if (!choice.isObject()) {
      throw Fields.invalid(
          "tool_choice",
          "tool_choice must be \"auto\", \"none\", \"required\" or"
              + " {\"type\": \"function\", \"function\": {\"name\": …}}.");
    }
    Fields said = Fields.of(choice, "tool_choice");
    function(said);
    Fields function = said.object("function");
    said.end();
    String name = function == null ? "" : function.text("name", "");
    List<ToolSet.Tool> named = all.stream().filter(tool -> tool.name().equals(name)).toList();
    if (named.isEmpty()) {
      throw Fields.invalid(
          "tool_choice.function.name",
          "tool_choice.function.name must be the name of one of the tools.");
    }
    return new AskedForm(schema, new ToolSet(named, true), prompt);
  }

  private static void function(Fields said) throws RefusedException {
    String type = said.text("type", "");
    if (!type.equals("function")) {
      throw Fields.invalid(said.path("type"), said.path("type") + " must be \"function\".");
    }
  }

  private static ToolSet.Tool tool(Fields tool, StringBuilder prompt) throws RefusedException {
    function(tool);
    Fields function = tool.object("function");
    tool.end();
    if (function == null) {
      throw Fields.invalid(tool.path("function"), tool.path("function") + " is missing.");
    }
    String name = function.text("name", "");
    if (!NAME.matcher(name).matches()) {
      throw Fields.invalid(
          function.path("name"),
          function.path("name") + " must be 1 to 64 letters, digits, underscores and hyphens.");
    }
    String description = function.text("description", "");
    var unused = function.flag("strict");
    JsonNode parameters = function.any("parameters");
    function.end();
    String schema =
        parameters == null
            ? "{\"type\":\"object\"}"
            : laidOut(parameters, function.path("parameters"));
    prompt.append('\n').append(name);
    if (!description.isBlank()) {
      prompt.append(": ").append(description.strip());
    }
    prompt.append(" Arguments: ").append(schema);
    return new ToolSet.Tool(name, schema);
  }

  private static @Nullable String schema(@Nullable Fields format) throws RefusedException {
    if (format == null) {
      return null;
    }
    String type = format.text("type", "");
    if (type.equals("json_object")) {
      throw Fields.invalid(
          format.path("type"),
          "response_format.type is json_object, which does not say which keys there are; give"
              + " json_schema with a schema, by which the canvas is laid out.");
    }
    if (!type.equals("text") && !type.equals("json_schema")) {
      throw Fields.invalid(
          format.path("type"), "response_format.type must be \"text\" or \"json_schema\".");
    }
    Fields named = type.equals("text") ? null : format.object("json_schema");
    format.end();
    if (type.equals("text")) {
      return null;
    }
    if (named == null) {
      throw Fields.invalid(format.path("json_schema"), "response_format.json_schema is missing.");
    }
    String name = named.text("name", "answer");
    if (!NAME.matcher(name).matches()) {
      throw Fields.invalid(
          named.path("name"),
          named.path("name") + " must be 1 to 64 letters, digits, underscores and hyphens.");
    }
    var unusedDescription = named.text("description");
    var unusedStrict = named.flag("strict");
    JsonNode schema = named.any("schema");
    named.end();
    if (schema == null) {
      throw Fields.invalid(
          named.path("schema"), named.path("schema") + " is missing; it must be a JSON Schema.");
    }
    return laidOut(schema, named.path("schema"));
  }

  /** The text of a schema that was found to have a layout. */
  private static String laidOut(JsonNode schema, String path) throws RefusedException {
    String text = Json.text(schema);
    try {
      var unused = SchemaReader.read(text);
    } catch (SchemaException e) {
      throw Fields.invalid(path, path + ": " + e.getMessage());
    }
    return text;
  }
}
