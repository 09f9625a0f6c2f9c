package dev.unmask.model.inspect;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.sampling.Preset;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** A model folder's facts as one JSON object, names in snake_case, sizes in bytes. */
public final class ModelFacts {

  private static final int FLOAT32 = 4;
  private static final int BFLOAT16 = 2;

  private ModelFacts() {}

  /**
   * Collects the facts.
   *
   * @throws InvalidModelException when config.json cannot be honoured exactly, or the weights that
   *     are there do not fit it
   */
  public static ObjectNode of(Path folder) throws InvalidModelException {
    ModelConfig config = ModelConfig.load(folder);
    StoredWeights weights = StoredWeights.read(folder, config);
    Costs costs = new Costs(config);
    ObjectNode facts = new ObjectMapper().createObjectNode();
    facts.put("folder", folder.toAbsolutePath().normalize().toString());
    facts.put("architecture", config.layout().architecture());
    facts.put("layout", config.layout().name().toLowerCase(Locale.ROOT));
    facts.put("parameters", config.parameterCount());
    facts.put("parameters_without_embeddings", costs.innerParameters());
    facts.put("tensors", weights.tensors());
    facts.put("context", config.contextLength());
    shape(facts.putObject("shape"), config);
    flags(facts.putObject("flags"), config);
    weights(facts.putObject("weights"), weights, config);
    text(facts, folder, config);
    costs(facts, costs, config);
    ObjectNode presets = facts.putObject("presets");
    for (Preset preset : Preset.values()) {
      String name = preset.name().toLowerCase(Locale.ROOT);
      presets.put(name, preset.explanation().replaceFirst("^" + name + ": ", ""));
    }
    return facts;
  }

  private static void shape(ObjectNode shape, ModelConfig config) {
    shape
        .put("width", config.width())
        .put("layers", config.layers())
        .put("heads", config.heads())
        .put("kv_heads", config.kvHeads())
        .put("head_width", config.headWidth())
        .put("mlp_width", config.mlpWidth())
        .put("vocabulary", config.vocabularySize())
        .put("embedding_rows", config.embeddingSize());
  }

  private static void flags(ObjectNode flags, ModelConfig config) {
    flags
        .put("tied_head", config.tiedHead())
        .put("qkv_bias", config.qkvBias())
        .put("rope_theta", config.ropeTheta())
        .put("rope_type", config.ropeInActivationType() ? "activations" : "float32")
        .put("norm_epsilon", config.normEpsilon())
        .put("logit_shift", config.logitShift())
        .put(
            "attention",
            switch (config.mask()) {
              case AttentionMask.Full full -> "full";
              case AttentionMask.Causal causal -> "causal";
              case AttentionMask.BlockCausal block ->
                  "causal over blocks of " + block.blockLength();
            });
  }

  private static void weights(ObjectNode facts, StoredWeights weights, ModelConfig config) {
    facts.put(
        "known_from",
        switch (weights.source()) {
          case HEADERS -> "headers";
          case INDEX -> "index";
          case NONE -> "nothing, only config.json is there";
        });
    if (weights.source() == StoredWeights.Source.NONE) {
      return;
    }
    facts.put("shards", weights.shards());
    if (weights.bytes().isPresent()) {
      long bytes = weights.bytes().getAsLong();
      facts.put("bytes", bytes);
      facts.put("bytes_per_parameter", (double) bytes / config.parameterCount());
    }
    if (!weights.bytesByType().isEmpty()) {
      ObjectNode types = facts.putObject("bytes_by_type");
      weights.bytesByType().forEach((type, bytes) -> types.put(type.name(), bytes));
    }
  }

  private static void text(ObjectNode facts, Path folder, ModelConfig config) {
    ObjectNode tokens = facts.putObject("special_tokens");
    ObjectNode text = facts.putObject("text");
    SpecialTokens special = config.tokens();
    token(tokens, "mask", special.mask());
    token(tokens, "end_of_text", special.eos());
    token(tokens, "padding", special.pad());
    token(tokens, "end_of_turn", special.eot());
    if (!Files.exists(folder.resolve("tokenizer.json"))) {
      text.put("tokenizer", "none: there is no tokenizer.json");
      return;
    }
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder)) {
      token(tokens, "begin_of_text", tokenizer.special().bos());
      text.put("tokenizer", "tokenizer.json");
      text.put("ids", tokenizer.vocabularySize());
      text.put("control_tokens", controlTokens(tokenizer));
      text.put("chat_template", tokenizer.hasChatTemplate());
      if (tokenizer.special().mask() != special.mask()) {
        text.put(
            "fault",
            "its mask token is "
                + tokenizer.special().mask()
                + ", config.json says "
                + special.mask());
      } else if (tokenizer.vocabularySize() > config.embeddingSize()) {
        text.put(
            "fault",
            "it has more ids than the embedding has rows, which are " + config.embeddingSize());
      }
    } catch (TokenizerException e) {
      text.put("tokenizer", "tokenizer.json").put("fault", e.getMessage());
    }
  }

  private static int controlTokens(LladaTokenizer tokenizer) {
    int count = 0;
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      count += tokenizer.isSpecial(id) ? 1 : 0;
    }
    return count;
  }

  private static void token(ObjectNode tokens, String name, int id) {
    if (id == SpecialTokens.NONE) {
      tokens.putNull(name);
    } else {
      tokens.put(name, id);
    }
  }

  private static void costs(ObjectNode facts, Costs costs, ModelConfig config) {
    facts
        .putObject("memory")
        .put("float32_weights", costs.weightBytes(FLOAT32))
        .put("bfloat16_weights", costs.weightBytes(BFLOAT16))
        .put("float32_cache_per_token", costs.cacheBytesPerToken(FLOAT32))
        .put("bfloat16_cache_per_token", costs.cacheBytesPerToken(BFLOAT16));
    long products = costs.blockFlopsPerToken() + costs.headFlopsPerSlot();
    facts
        .putObject("flops")
        .put("blocks_per_token", costs.blockFlopsPerToken())
        .put("head_per_slot_asked", costs.headFlopsPerSlot())
        .put("attention_per_token_and_key", costs.attentionFlopsPerTokenAndKey())
        .put(
            "token_at_full_context",
            products + costs.attentionFlopsPerTokenAndKey() * config.contextLength());
  }
}
