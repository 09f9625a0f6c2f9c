package dev.unmask.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import java.util.Map;

/**
 * config.json with Llama's field names ({@code hidden_size}, {@code num_hidden_layers}, ...), as
 * iLLaDA and Dream write it. Sources: the modelling and configuration files published beside those
 * weights.
 */
final class LlamaFields {

  /** iLLaDA's config.json names no mask token; its tokenizer has {@code <[MASK]>} at this id. */
  static final int ILLADA_MASK = 5;

  private static final Map<String, String> MUST_BE_OFF =
      Map.ofEntries(
          Map.entry("attention_bias", "biases on all four matrices of attention"),
          Map.entry("mlp_bias", "biases in the MLP"),
          Map.entry("use_sliding_window", "attention windows"),
          Map.entry("use_mrope", "rotary positions in several dimensions"),
          Map.entry("use_qk_norm", "norms on queries and keys"),
          Map.entry("qk_norm", "norms on queries and keys"),
          Map.entry("is_causal", "causal masks in this layout"),
          Map.entry("quantization_config", "quantised weights"));

  private LlamaFields() {}

  static ModelConfig read(ConfigFields fields, Layout layout) throws InvalidModelException {
    fields.mustBeOff(MUST_BE_OFF);
    fields.mustBe("hidden_act", "silu");
    fields.mustBe("partial_rotary_factor", 1);
    fields.mustBe("pretraining_tp", 1);
    fields.mustBeAbsent("layer_norm_eps", "norms that subtract the mean are not supported");
    window(fields);
    int width = fields.integer("hidden_size", -1);
    int heads = fields.integer("num_attention_heads", -1);
    int headWidth = fields.integer("head_dim", 0);
    if (headWidth == 0 && (width % heads != 0 || width / heads % 2 != 0)) {
      throw fields.refused(
          "num_attention_heads",
          "a divisor of hidden_size " + width + " that leaves heads of even width");
    }
    if (headWidth % 2 != 0) {
      throw fields.refused("head_dim", "even");
    }
    int kvHeads = fields.integer("num_key_value_heads", heads);
    if (heads % kvHeads != 0) {
      throw fields.refused("num_key_value_heads", "a divisor of num_attention_heads " + heads);
    }
    int vocabulary = fields.integer("vocab_size", -1);
    int mask =
        fields.token(
            "mask_token_id",
            layout == Layout.ILLADA ? ILLADA_MASK : SpecialTokens.NONE,
            vocabulary);
    if (mask >= vocabulary) {
      throw fields.refused("vocab_size", "above the mask id " + mask);
    }
    return ModelConfig.shape(layout)
        .width(width)
        .layers(fields.integer("num_hidden_layers", -1))
        .heads(heads)
        .kvHeads(kvHeads)
        .headWidth(headWidth)
        .mlpWidth(fields.integer("intermediate_size", -1))
        .vocabularySize(vocabulary)
        .tiedHead(fields.flag("tie_word_embeddings", layout == Layout.ILLADA))
        .ropeTheta(theta(fields))
        .normEpsilon(fields.positive("rms_norm_eps", -1))
        .contextLength(fields.integer("max_position_embeddings", -1))
        .tokens(fields.tokens(mask, vocabulary))
        .build();
  }

  /** A window counts unless the switch beside it is off (Qwen's files keep its size then). */
  private static void window(ConfigFields fields) throws InvalidModelException {
    JsonNode off = fields.field("use_sliding_window");
    if (off.isMissingNode()) {
      fields.mustBeAbsent("sliding_window", "attention windows are not supported");
    } else {
      fields.field("sliding_window");
    }
    for (JsonNode type : fields.field("layer_types")) {
      if (!type.asText().equals("full_attention")) {
        throw fields.refused("layer_types", "\"full_attention\" throughout");
      }
    }
  }

  /** The base of the angles, which newer files keep inside {@code rope_parameters}. */
  private static double theta(ConfigFields fields) throws InvalidModelException {
    JsonNode newer = fields.field("rope_parameters");
    plain(fields, "rope_scaling", fields.field("rope_scaling"));
    plain(fields, "rope_parameters", newer);
    if (!fields.has("rope_theta") && newer.path("rope_theta").doubleValue() > 0) {
      return newer.path("rope_theta").doubleValue();
    }
    return fields.positive("rope_theta", -1);
  }

  private static void plain(ConfigFields fields, String name, JsonNode scaling)
      throws InvalidModelException {
    if (scaling.isMissingNode()) {
      return;
    }
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    boolean changes =
        !scaling.isObject()
            || !type.equals("default")
            || scaling.path("factor").asDouble(1) != 1
            || scaling.path("partial_rotary_factor").asDouble(1) != 1;
    if (changes) {
      throw fields.refused(name, "null, because scaled rotary angles are not supported");
    }
  }

  static void write(ModelConfig config, ObjectNode root) {
    root.put("model_type", config.layout() == Layout.DREAM ? "Dream" : "illada")
        .put("hidden_size", config.width())
        .put("num_hidden_layers", config.layers())
        .put("num_attention_heads", config.heads())
        .put("num_key_value_heads", config.kvHeads());
    if (config.headWidth() * config.heads() != config.width()) {
      root.put("head_dim", config.headWidth());
    }
    root.put("intermediate_size", config.mlpWidth())
        .put("hidden_act", "silu")
        .put("vocab_size", config.vocabularySize())
        .put("tie_word_embeddings", config.tiedHead())
        .put("rope_theta", config.ropeTheta())
        .putNull("rope_scaling")
        .put("rms_norm_eps", config.normEpsilon())
        .put("max_position_embeddings", config.contextLength());
    if (config.layout() == Layout.DREAM) {
      root.put("use_sliding_window", false).put("use_mrope", false);
    } else {
      root.put("attention_bias", false).put("mlp_bias", false);
    }
    if (config.layout() == Layout.DREAM || config.tokens().mask() != ILLADA_MASK) {
      root.put("mask_token_id", config.tokens().mask());
    }
  }
}
