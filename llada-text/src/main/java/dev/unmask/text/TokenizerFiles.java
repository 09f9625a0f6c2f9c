package dev.unmask.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint folder says about its text: the JSON files beside tokenizer.json, each empty
 * when it is absent.
 *
 * @param tokenizer the parsed {@code tokenizer.json}
 * @param tokenizerConfig {@code tokenizer_config.json}
 * @param namedTokens {@code special_tokens_map.json}, which older folders have
 * @param config {@code config.json}
 * @param generationConfig {@code generation_config.json}
 */
record TokenizerFiles(
    Path folder,
    ObjectNode tokenizer,
    JsonNode tokenizerConfig,
    JsonNode namedTokens,
    JsonNode config,
    JsonNode generationConfig) {

  /** The largest file that is read; published ones stay under 40 MB. */
  private static final long LARGEST = 256L << 20;

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  static TokenizerFiles read(Path folder) throws TokenizerException {
    if (!Files.isDirectory(folder)) {
      throw new TokenizerException("There is no model folder at " + folder + ".");
    }
    Path path = folder.resolve("tokenizer.json");
    if (!Files.isRegularFile(path)) {
      throw new TokenizerException(
          "The model folder "
              + folder
              + " has no tokenizer.json; a Hugging Face folder with a fast tokenizer has one.");
    }
    if (!(parse(path) instanceof ObjectNode tokenizer) || !tokenizer.path("model").isObject()) {
      throw new TokenizerException(
          path + " has no \"model\" object, so it is not a tokenizer in Hugging Face's format.");
    }
    return new TokenizerFiles(
        folder,
        tokenizer,
        parseIfPresent(folder.resolve("tokenizer_config.json")),
        parseIfPresent(folder.resolve("special_tokens_map.json")),
        parseIfPresent(folder.resolve("config.json")),
        parseIfPresent(folder.resolve("generation_config.json")));
  }

  String tokenizerFile() {
    return folder.resolve("tokenizer.json").toString();
  }

  /** The added tokens by their text, in the file's order. */
  Map<String, AddedToken> addedTokens() throws TokenizerException {
    Map<String, AddedToken> added = new LinkedHashMap<>();
    BitSet ids = new BitSet();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      JsonNode content = token.path("content");
      JsonNode id = token.path("id");
      if (!content.isTextual()
          || content.textValue().isEmpty()
          || !id.isInt()
          || id.intValue() < 0
          || id.intValue() >= BpeModel.MOST_IDS) {
        throw new TokenizerException(
            tokenizerFile()
                + " has an added token without a \"content\" text and an \"id\" number: "
                + token
                + ".");
      }
      AddedToken one =
          new AddedToken(
              content.textValue(),
              id.intValue(),
              token.path("special").asBoolean(false),
              token.path("lstrip").asBoolean(false),
              token.path("rstrip").asBoolean(false),
              token.path("single_word").asBoolean(false));
      if (ids.get(one.id()) || added.containsKey(one.content())) {
        throw new TokenizerException(
            tokenizerFile()
                + " has the added token "
                + token
                + " beside another of the same text or id; both must be unique.");
      }
      ids.set(one.id());
      added.put(one.content(), one);
    }
    return added;
  }

  /**
   * A token named in {@code tokenizer_config.json} or special_tokens_map.json: a text, or an object
   * with the text in it.
   */
  @Nullable String namedToken(String field) {
    for (JsonNode file : List.of(tokenizerConfig, namedTokens)) {
      JsonNode node = file.path(field);
      JsonNode text = node.isObject() ? node.path("content") : node;
      if (text.isTextual()) {
        return text.textValue();
      }
    }
    return null;
  }

  /** An id of {@code config.json}, the first where the field is a list; -1 when absent or null. */
  int configId(String field) throws TokenizerException {
    return id(config, "config.json", field);
  }

  /** The same of {@code generation_config.json}. */
  int generationId(String field) throws TokenizerException {
    return id(generationConfig, "generation_config.json", field);
  }

  /**
   * The stored chat template, or null: {@code chat_template.jinja}, else {@code chat_template} of
   * tokenizer_config.json, a text or a list of named ones of which the default counts.
   */
  @Nullable String chatTemplate() throws TokenizerException {
    Path file = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(file)) {
      try {
        return Files.readString(file);
      } catch (IOException e) {
        throw new TokenizerException(file + " cannot be read: " + e.getMessage() + ".", e);
      }
    }
    JsonNode stored = tokenizerConfig.path("chat_template");
    if (stored.isMissingNode() || stored.isNull()) {
      return null;
    }
    if (stored.isTextual()) {
      return stored.textValue();
    }
    List<String> names = new ArrayList<>();
    for (JsonNode one : stored.isArray() ? stored : JSON.createArrayNode()) {
      names.add(one.path("name").asText());
      if (one.path("name").asText().equals("default") && one.path("template").isTextual()) {
        return one.path("template").textValue();
      }
    }
    throw new TokenizerException(
        folder.resolve("tokenizer_config.json")
            + " has a chat_template that is neither a text nor a list with one named default"
            + (names.isEmpty() ? "." : "; it names " + String.join(", ", names) + "."));
  }

  private int id(JsonNode file, String name, String field) throws TokenizerException {
    JsonNode node = file.path(field);
    JsonNode id = node.isArray() ? node.path(0) : node;
    if (id.isMissingNode() || id.isNull()) {
      return -1;
    }
    if (!id.isInt() || id.intValue() < 0) {
      throw new TokenizerException(
          folder.resolve(name) + " has " + field + " = " + id + ", not a token id.");
    }
    return id.intValue();
  }

  private static JsonNode parseIfPresent(Path path) throws TokenizerException {
    return Files.isRegularFile(path) ? parse(path) : JSON.createObjectNode();
  }

  private static JsonNode parse(Path path) throws TokenizerException {
    try {
      if (Files.size(path) > LARGEST) {
        throw new TokenizerException(
            path + " has " + Files.size(path) + " bytes; at most " + LARGEST + " are read.");
      }
      return JSON.readTree(path.toFile());
    } catch (JsonProcessingException e) {
      throw new TokenizerException(
          path
              + " is not JSON (line "
              + (e.getLocation() == null ? 1 : e.getLocation().getLineNr())
              + "): "
              + e.getOriginalMessage()
              + ".",
          e);
    } catch (IOException e) {
      throw new TokenizerException(path + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
