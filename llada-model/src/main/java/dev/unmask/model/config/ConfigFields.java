package dev.unmask.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.model.InvalidModelException;
import java.util.Map;

/** Reads and judges the fields of one config.json. */
final class ConfigFields {

  /** Switches of the reference code that must be off (absent and null count as off). */
  private static final Map<String, String> MUST_BE_OFF =
      Map.ofEntries(
          Map.entry("alibi", "attention biases by distance"),
          Map.entry("scale_logits", "logits scaled by the width"),
          Map.entry("attention_layer_norm", "norms on queries and keys"),
          Map.entry("include_bias", "biases in the linear layers"),
          Map.entry("include_qkv_bias", "biases on queries, keys and values"),
          Map.entry("bias_for_layer_norm", "biases in the norms"),
          Map.entry("input_emb_norm", "scaled embeddings"),
          Map.entry("clip_qkv", "clipped queries, keys and values"),
          Map.entry("rope_scaling", "scaled rotary angles"),
          Map.entry("sliding_window", "attention in a sliding window"),
          Map.entry("quantization_config", "quantised weights"));

  /**
   * Switches that must be on (absent counts as on: these are the reference code's LLaDA values).
   */
  private static final Map<String, String> MUST_BE_ON =
      Map.of(
          "rope", "rotary positions",
          "rope_full_precision", "rotary positions in float32",
          "layer_norm_with_affine", "norms with weights");

  private final JsonNode root;

  ConfigFields(JsonNode root) {
    this.root = root;
  }

  ModelConfig toConfig() throws InvalidModelException {
    String architecture = Layout.LLADA.architecture();
    checkFamily(architecture);
    for (Map.Entry<String, String> off : MUST_BE_OFF.entrySet()) {
      JsonNode value = root.path(off.getKey());
      if (!value.isMissingNode() && !value.isNull() && !value.equals(JSON_FALSE)) {
        throw refused(off.getKey(), "false, because " + off.getValue() + " are not supported");
      }
    }
    for (Map.Entry<String, String> on : MUST_BE_ON.entrySet()) {
      JsonNode value = root.path(on.getKey());
      if (!value.isMissingNode() && !value.isNull() && !value.asBoolean(false)) {
        throw refused(on.getKey(), "true, because only " + on.getValue() + " are supported");
      }
    }
    mustBe("block_type", "llama");
    mustBe("layer_norm_type", "rms");
    mustBe("activation_type", "silu");
    if (integer("block_group_size", 1) != 1) {
      throw refused("block_group_size", "1");
    }

    int width = integer("d_model", -1);
    int heads = integer("n_heads", -1);
    boolean oneKvHead = root.path("multi_query_attention").asBoolean(false);
    int kvHeads = integer("n_kv_heads", oneKvHead ? 1 : heads);
    if (oneKvHead && kvHeads != 1) {
      throw refused("n_kv_heads", "1 when multi_query_attention is true");
    }
    if (width % heads != 0 || width / heads % 2 != 0) {
      throw refused(
          "n_heads", "a divisor of d_model " + width + " that leaves heads of even width");
    }
    if (heads % kvHeads != 0) {
      throw refused("n_kv_heads", "a divisor of n_heads " + heads);
    }
    int vocabulary = integer("vocab_size", -1);
    int embedding = integer("embedding_size", vocabulary);
    if (embedding < vocabulary) {
      throw refused("embedding_size", "at least vocab_size " + vocabulary);
    }
    int eos = token("eos_token_id", -1, embedding);
    return ModelConfig.shape()
        .width(width)
        .layers(integer("n_layers", -1))
        .heads(heads)
        .kvHeads(kvHeads)
        .mlpWidth(integer("mlp_hidden_size", 4 * width))
        .vocabularySize(vocabulary)
        .embeddingSize(embedding)
        .tiedHead(root.path("weight_tying").asBoolean(false))
        .ropeTheta(positive("rope_theta", 10_000))
        .normEpsilon(positive("rms_norm_eps", 1e-5))
        .contextLength(integer("max_sequence_length", -1))
        .tokens(
            new SpecialTokens(
                token("mask_token_id", -1, embedding),
                eos,
                token("pad_token_id", eos, embedding),
                root.path("eot_token_id").isInt()
                    ? token("eot_token_id", -1, embedding)
                    : SpecialTokens.NONE))
        .build();
  }

  private static final JsonNode JSON_FALSE =
      com.fasterxml.jackson.databind.node.BooleanNode.getFalse();

  private void checkFamily(String architecture) throws InvalidModelException {
    JsonNode named = root.path("architectures");
    for (JsonNode one : named) {
      if (one.asText().equals(architecture)) {
        return;
      }
    }
    if (named.isEmpty() && root.path("model_type").asText().equals("llada")) {
      return;
    }
    throw refused("architectures", "[\"" + architecture + "\"]");
  }

  private void mustBe(String field, String wanted) throws InvalidModelException {
    if (root.hasNonNull(field) && !root.path(field).asText().equals(wanted)) {
      throw refused(field, "\"" + wanted + "\"");
    }
  }

  /**
   * A positive integer; {@code absent} stands for a missing or null field unless it is negative.
   */
  private int integer(String field, int absent) throws InvalidModelException {
    JsonNode value = root.path(field);
    if ((value.isMissingNode() || value.isNull()) && absent >= 0) {
      return absent;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw refused(field, "a positive integer");
    }
    return value.intValue();
  }

  private double positive(String field, double absent) throws InvalidModelException {
    JsonNode value = root.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return absent;
    }
    if (!value.isNumber() || !(value.doubleValue() > 0)) {
      throw refused(field, "a positive number");
    }
    return value.doubleValue();
  }

  private int token(String field, int absent, int embedding) throws InvalidModelException {
    JsonNode value = root.path(field);
    if ((value.isMissingNode() || value.isNull()) && absent >= 0) {
      return absent;
    }
    if (!value.isInt() || value.intValue() < 0 || value.intValue() >= embedding) {
      throw refused(field, "a token id from 0 to " + (embedding - 1));
    }
    return value.intValue();
  }

  private InvalidModelException refused(String field, String wanted) {
    JsonNode value = root.path(field);
    return new InvalidModelException(
        "config.json: "
            + field
            + (value.isMissingNode() ? " is missing" : " is " + value)
            + "; it must be "
            + wanted);
  }
}
