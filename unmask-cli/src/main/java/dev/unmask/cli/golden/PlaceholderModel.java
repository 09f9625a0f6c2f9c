package dev.unmask.cli.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A copy of a golden folder's model that a cluster can serve. Golden folders have no tokenizer,
 * because their cases are token ids; the copy has one that writes each id as its number.
 */
final class PlaceholderModel {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> TOKENIZER = List.of("tokenizer.json", "tokenizer_config.json");

  private PlaceholderModel() {}

  /**
   * Copies config and weights, and adds what is missing.
   *
   * @param facts the library's line about the folder: what its ids mean
   */
  static void write(JsonNode facts, Path to) {
    Path from = Path.of(facts.path("folder").asText());
    try {
      Files.createDirectories(to);
      try (Stream<Path> files = Files.list(from)) {
        for (Path file : files.filter(PlaceholderModel::isModel).toList()) {
          Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      writeConfig(from, facts, to);
      if (!Files.exists(to.resolve(TOKENIZER.getFirst()))) {
        writeTokenizer(facts, to);
      }
    } catch (IOException e) {
      throw new CliException("the model in " + from + " could not be copied: " + e.getMessage(), e);
    }
  }

  private static boolean isModel(Path file) {
    String name = file.getFileName().toString();
    return TOKENIZER.contains(name)
        || (name.endsWith(".safetensors") && !name.equals("cases.safetensors"))
        || name.endsWith(".safetensors.index.json");
  }

  /** The cases' own end of turn goes into the config, where the engine looks for it. */
  private static void writeConfig(Path from, JsonNode facts, Path to) throws IOException {
    ObjectNode config = (ObjectNode) JSON.readTree(from.resolve("config.json").toFile());
    if (facts.path("eot").asInt(-1) >= 0) {
      config.put("eot_token_id", facts.path("eot").intValue());
    }
    JSON.writeValue(to.resolve("config.json").toFile(), config);
  }

  private static void writeTokenizer(JsonNode facts, Path to) throws IOException {
    Map<Integer, String> control = new TreeMap<>();
    control.put(facts.path("mask").intValue(), "<|mdm_mask|>");
    control.put(facts.path("eos").intValue(), "<|endoftext|>");
    if (facts.path("eot").asInt(-1) >= 0) {
      control.putIfAbsent(facts.path("eot").intValue(), "<|eot_id|>");
    }
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    control.forEach((id, name) ->
        added
            .addObject()
            .put("id", id)
            .put("content", name)
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", true));
    root.putNull("normalizer");
    root.putNull("pre_tokenizer");
    root.putNull("post_processor");
    root.putNull("decoder");
    // Byte pairs without a pair: every token stands alone, and text is the unknown token.
    ObjectNode model = root.putObject("model").put("type", "BPE");
    ObjectNode vocabulary = model.putObject("vocab");
    String unknown = "";
    for (int id = 0; id < facts.path("vocabulary").intValue(); id++) {
      if (!control.containsKey(id)) {
        String token = "<" + id + ">";
        vocabulary.put(token, id);
        unknown = unknown.isEmpty() ? token : unknown;
      }
    }
    model.putArray("merges");
    model.put("unk_token", unknown);
    JSON.writeValue(to.resolve(TOKENIZER.get(0)).toFile(), root);
    JSON.writeValue(
        to.resolve(TOKENIZER.get(1)).toFile(),
        JSON.createObjectNode().put("tokenizer_class", "PreTrainedTokenizerFast"));
  }
}
