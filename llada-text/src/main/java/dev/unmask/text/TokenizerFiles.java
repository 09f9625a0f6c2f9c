package dev.unmask.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint folder says about its text: {@code tokenizer.json}, {@code
 * tokenizer_config.json} and the token ids of {@code config.json}.
 *
 * @param tokenizer the parsed {@code tokenizer.json}
 * @param tokenizerConfig the parsed {@code tokenizer_config.json}, empty when the file is absent
 * @param config the parsed {@code config.json}, empty when the file is absent
 * @param chatTemplate the stored template, or null when the checkpoint has none
 */
record TokenizerFiles(
    ObjectNode tokenizer,
    JsonNode tokenizerConfig,
    JsonNode config,
    @Nullable String chatTemplate,
    Path folder) {

  private static final ObjectMapper JSON = new ObjectMapper();

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
    JsonNode tokenizerConfig = parseIfPresent(folder.resolve("tokenizer_config.json"));
    return new TokenizerFiles(
        tokenizer,
        tokenizerConfig,
        parseIfPresent(folder.resolve("config.json")),
        chatTemplate(folder, tokenizerConfig),
        folder);
  }

  /** The added tokens, text to id, in the file's order. */
  Map<String, Integer> addedTokens() throws TokenizerException {
    Map<String, Integer> added = new LinkedHashMap<>();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      JsonNode content = token.path("content");
      JsonNode id = token.path("id");
      if (!content.isTextual() || !id.isInt() || id.intValue() < 0) {
        throw new TokenizerException(
            folder.resolve("tokenizer.json")
                + " has an added token without a \"content\" text and an \"id\" number: "
                + token
                + ".");
      }
      added.put(content.textValue(), id.intValue());
    }
    return added;
  }

  /** One more than the highest id of the vocabulary and the added tokens. */
  int vocabularySize() throws TokenizerException {
    int highest = -1;
    JsonNode vocab = tokenizer.path("model").path("vocab");
    if (vocab.isArray()) {
      highest = vocab.size() - 1;
    } else {
      for (JsonNode id : vocab) {
        highest = Math.max(highest, id.intValue());
      }
    }
    for (int id : addedTokens().values()) {
      highest = Math.max(highest, id);
    }
    return highest + 1;
  }

  /** The file as it stands, without a post-processor, padding or truncation of its own. */
  String tokenizerJson() {
    return bare().toString();
  }

  /**
   * The same tokenizer knowing no added token: what it encodes is text and only text. Added tokens
   * that also stand in the vocabulary are taken out of it, as some models look up whole words
   * there.
   */
  String textOnlyJson() throws TokenizerException {
    ObjectNode copy = bare();
    copy.putArray("added_tokens");
    if (copy.path("model").path("vocab") instanceof ObjectNode vocab) {
      Set<String> control = new HashSet<>(addedTokens().keySet());
      control.remove(copy.path("model").path("unk_token").asText(""));
      vocab.remove(control);
    }
    return copy.toString();
  }

  /** A token named in {@code tokenizer_config.json}: a text, or an object with the text in it. */
  @Nullable String namedToken(String field) {
    JsonNode node = tokenizerConfig.path(field);
    JsonNode text = node.isObject() ? node.path("content") : node;
    return text.isTextual() ? text.textValue() : null;
  }

  /** An id of {@code config.json}, the first where the field is a list; -1 when absent or null. */
  int configId(String field) throws TokenizerException {
    JsonNode node = config.path(field);
    JsonNode id = node.isArray() ? node.path(0) : node;
    if (id.isMissingNode() || id.isNull()) {
      return -1;
    }
    if (!id.isInt() || id.intValue() < 0) {
      throw new TokenizerException(
          folder.resolve("config.json") + " has " + field + " = " + id + ", not a token id.");
    }
    return id.intValue();
  }

  private ObjectNode bare() {
    ObjectNode copy = tokenizer.deepCopy();
    copy.putNull("post_processor");
    copy.putNull("padding");
    copy.putNull("truncation");
    return copy;
  }

  private static @Nullable String chatTemplate(Path folder, JsonNode tokenizerConfig)
      throws TokenizerException {
    Path file = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(file)) {
      try {
        return Files.readString(file);
      } catch (IOException e) {
        throw new TokenizerException(file + " cannot be read: " + e.getMessage() + ".", e);
      }
    }
    JsonNode stored = tokenizerConfig.path("chat_template");
    return stored.isTextual() ? stored.textValue() : null;
  }

  private static JsonNode parseIfPresent(Path path) throws TokenizerException {
    return Files.isRegularFile(path) ? parse(path) : JSON.createObjectNode();
  }

  private static JsonNode parse(Path path) throws TokenizerException {
    try {
      return JSON.readTree(path.toFile());
    } catch (JsonProcessingException e) {
      throw new TokenizerException(
          path
              + " is not JSON (line "
              + e.getLocation().getLineNr()
              + "): "
              + e.getOriginalMessage()
              + ".",
          e);
    } catch (IOException e) {
      throw new TokenizerException(path + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
