package dev.unmask.model.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * PEFT's adapter_config.json. Targets are written as full paths, because PEFT compares a name with
 * the end of a path and LLaDA's head shares its last name with the down projections.
 *
 * <p>Options that change what the tensors mean and that are not computed here (DoRA, trained
 * biases, ranks that differ by matrix, further saved modules, ...) are refused by name.
 */
final class PeftConfig {

  static final String FILE = "adapter_config.json";

  /** The object with the base's digests; PEFT skips fields that it does not know. */
  private static final String BINDING = "unmask_base";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Fields that must be absent, null, false or empty. */
  private static final List<String> UNSUPPORTED =
      List.of(
          "use_dora",
          "use_qalora",
          "fan_in_fan_out",
          "modules_to_save",
          "rank_pattern",
          "alpha_pattern",
          "lora_bias",
          "layer_replication",
          "trainable_token_indices",
          "target_parameters",
          "alora_invocation_tokens",
          "arrow_config");

  private final Path file;
  private final JsonNode root;

  private PeftConfig(Path file, JsonNode root) {
    this.file = file;
    this.root = root;
  }

  static PeftConfig read(Path folder) throws InvalidModelException {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw new InvalidModelException(
          folder + " has no " + FILE + "; an adapter's folder in PEFT's format has one");
    }
    try {
      JsonNode root = JSON.readTree(file.toFile());
      if (!root.isObject()) {
        throw new InvalidModelException(file + " is not a JSON object");
      }
      return new PeftConfig(file, root);
    } catch (IOException e) {
      throw new InvalidModelException(file + " is not JSON: " + e.getMessage(), e);
    }
  }

  /**
   * What the file says, with {@code modules} as targets.
   *
   * @param modules full paths from the tensors' names, which decide
   */
  Method method(List<String> modules) throws InvalidModelException {
    String type = root.path("peft_type").asText();
    return switch (type) {
      case "LORA" -> lora(modules);
      case "PROMPT_TUNING" -> new Method.PromptTuning(positive("num_virtual_tokens"));
      default ->
          throw new InvalidModelException(
              file + " has the peft_type \"" + type + "\"; LORA and PROMPT_TUNING are supported");
    };
  }

  private Method lora(List<String> modules) throws InvalidModelException {
    for (String field : UNSUPPORTED) {
      JsonNode value = root.path(field);
      boolean off =
          value.isMissingNode()
              || value.isNull()
              || (value.isBoolean() && !value.asBoolean())
              || (value.isContainerNode() && value.isEmpty());
      if (!off) {
        throw new InvalidModelException(
            file + " sets " + field + ", which cannot be honoured here; train without it");
      }
    }
    String bias = root.path("bias").asText("none");
    if (!bias.equals("none")) {
      throw new InvalidModelException(
          file + " sets bias to \"" + bias + "\"; only \"none\" is supported");
    }
    int rank = positive("r");
    double alpha = root.path("lora_alpha").asDouble(8);
    // The other convention divides by the root of the rank; only the quotient matters.
    double equivalent = root.path("use_rslora").asBoolean(false) ? alpha * Math.sqrt(rank) : alpha;
    try {
      return new Method.Lora(rank, equivalent, root.path("lora_dropout").asDouble(0), modules);
    } catch (IllegalArgumentException e) {
      throw new InvalidModelException(file + ": " + e.getMessage(), e);
    }
  }

  private int positive(String field) throws InvalidModelException {
    JsonNode value = root.path(field);
    if (!value.isInt() || value.asInt() < 1) {
      throw new InvalidModelException(
          file + " has " + field + " " + value + "; it must be a number of at least 1");
    }
    return value.asInt();
  }

  /** The base that the file names by content; null for adapters made elsewhere. */
  @Nullable BaseIdentity base() {
    JsonNode binding = root.path(BINDING);
    return binding.path("weights_sha256").isTextual()
            && binding.path("tokenizer_sha256").isTextual()
        ? new BaseIdentity(
            binding.path("weights_sha256").asText(), binding.path("tokenizer_sha256").asText())
        : null;
  }

  /** The file's text for an adapter made here. */
  static String of(ModelConfig config, Adapter adapter, BaseIdentity base, String baseName) {
    ObjectNode root = JSON.createObjectNode();
    switch (adapter) {
      case Adapter.LowRank lowRank -> lora(root, lowRank);
      case Adapter.SoftPrompt prompt -> prompt(root, config, prompt);
      case Adapter.Nothing nothing ->
          throw new IllegalStateException("a frozen model has no adapter");
    }
    root.putNull("auto_mapping");
    root.put("base_model_name_or_path", baseName);
    root.putNull("revision");
    root.putNull("task_type");
    root.put("inference_mode", true);
    root.putObject(BINDING)
        .put("weights_sha256", base.weights())
        .put("tokenizer_sha256", base.tokenizer());
    return root.toPrettyString() + "\n";
  }

  private static void lora(ObjectNode root, Adapter.LowRank adapter) {
    Method.Lora method = adapter.method();
    root.put("peft_type", "LORA");
    root.put("r", method.rank());
    if (method.alpha() == Math.rint(method.alpha()) && method.alpha() < Integer.MAX_VALUE) {
      root.put("lora_alpha", (int) method.alpha());
    } else {
      root.put("lora_alpha", method.alpha());
    }
    root.put("lora_dropout", method.dropout());
    ArrayNode targets = root.putArray("target_modules");
    adapter.targets().forEach(target -> targets.add(LoraTargets.module(target)));
    root.put("bias", "none");
    root.put("fan_in_fan_out", false);
    root.put("init_lora_weights", true);
    root.put("use_rslora", false);
    root.put("use_dora", false);
    root.putNull("modules_to_save");
    root.putObject("rank_pattern");
    root.putObject("alpha_pattern");
  }

  private static void prompt(ObjectNode root, ModelConfig config, Adapter.SoftPrompt adapter) {
    root.put("peft_type", "PROMPT_TUNING");
    root.put("num_virtual_tokens", adapter.virtualTokens());
    root.put("token_dim", config.width());
    root.put("num_attention_heads", config.heads());
    root.put("num_layers", config.layers());
    root.put("num_transformer_submodules", 1);
    root.put("prompt_tuning_init", "RANDOM");
    root.putNull("prompt_tuning_init_text");
    root.putNull("tokenizer_name_or_path");
  }
}
