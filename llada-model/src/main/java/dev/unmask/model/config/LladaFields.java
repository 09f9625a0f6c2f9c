package dev.unmask.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import java.util.Map;

/**
 * config.json with the field names of LLaDA's own code ({@code d_model}, {@code n_layers}, ...),
 * which MMaDA and the two layouts of this project use as well.
 */
final class LladaFields {

  private static final String BLOCK_LENGTH = "block_length";

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
          Map.entry("sliding_window", "attention windows"),
          Map.entry("quantization_config", "quantised weights"));

  private static final Map<String, String> MUST_BE_ON =
      Map.of(
          "rope", "rotary positions",
          "rope_full_precision", "rotary positions in float32",
          "layer_norm_with_affine", "norms with weights");

  /** The reference code's own defaults for these are other networks, so silence is not consent. */
  private static final Map<String, String> MUST_BE_THERE =
      Map.of(
          "rope", "true",
          "block_type", "\"llama\"",
          "activation_type", "\"silu\"",
          "layer_norm_type", "\"rms\"",
          "include_bias", "false",
          "weight_tying", "true or false");

  private LladaFields() {}

  static ModelConfig read(ConfigFields fields, Layout layout) throws InvalidModelException {
    fields.mustBeThere(MUST_BE_THERE);
    fields.mustBeOff(MUST_BE_OFF);
    fields.mustBeOn(MUST_BE_ON);
    fields.mustBe("block_type", "llama");
    fields.mustBe("layer_norm_type", "rms");
    fields.mustBe("activation_type", "silu");
    fields.mustBe("block_group_size", 1);
    if (layout == Layout.MMADA) {
      for (String image : new String[] {"codebook_size", "num_vq_tokens", "llm_vocab_size"}) {
        fields.field(image);
      }
    }

    int width = fields.integer("d_model", -1);
    int heads = fields.integer("n_heads", -1);
    boolean oneKvHead = fields.flag("multi_query_attention", false);
    int kvHeads = fields.integer("n_kv_heads", oneKvHead ? 1 : heads);
    if (oneKvHead && kvHeads != 1) {
      throw fields.refused("n_kv_heads", "1 when multi_query_attention is true");
    }
    int headWidth = fields.integer("head_dim", 0);
    if (headWidth == 0 && (width % heads != 0 || width / heads % 2 != 0)) {
      throw fields.refused(
          "n_heads", "a divisor of d_model " + width + " that leaves heads of even width");
    }
    if (headWidth % 2 != 0) {
      throw fields.refused("head_dim", "even");
    }
    if (heads % kvHeads != 0) {
      throw fields.refused("n_kv_heads", "a divisor of n_heads " + heads);
    }
    double ratio = fields.positive("mlp_ratio", 4);
    if (!fields.has("mlp_hidden_size") && ratio * width != Math.rint(ratio * width)) {
      throw fields.refused("mlp_ratio", "a number that gives d_model " + width + " a whole width");
    }
    int vocabulary = fields.integer("vocab_size", -1);
    int embedding = fields.integer("embedding_size", vocabulary);
    if (embedding < vocabulary) {
      throw fields.refused("embedding_size", "at least vocab_size " + vocabulary);
    }
    ModelShape shape =
        ModelConfig.shape(layout)
            .width(width)
            .layers(fields.integer("n_layers", -1))
            .heads(heads)
            .kvHeads(kvHeads)
            .headWidth(headWidth)
            .mlpWidth(fields.integer("mlp_hidden_size", (int) (ratio * width)))
            .vocabularySize(vocabulary)
            .embeddingSize(embedding)
            .tiedHead(fields.flag("weight_tying", false))
            .ropeTheta(fields.positive("rope_theta", 10_000))
            .normEpsilon(fields.positive("rms_norm_eps", 1e-5))
            .contextLength(fields.integer("max_sequence_length", -1))
            .tokens(
                fields.tokens(
                    fields.token("mask_token_id", SpecialTokens.NONE, embedding), embedding));
    if (layout == Layout.BLOCK_CAUSAL) {
      shape.mask(new AttentionMask.BlockCausal(fields.integer(BLOCK_LENGTH, -1)));
    }
    return shape.build();
  }

  static void write(ModelConfig config, ObjectNode root) {
    root.put("model_type", config.layout() == Layout.MMADA ? "mmada" : "llada")
        .put("block_type", "llama")
        .put("d_model", config.width())
        .put("n_layers", config.layers())
        .put("n_heads", config.heads())
        .put("n_kv_heads", config.kvHeads());
    if (config.headWidth() * config.heads() != config.width()) {
      root.put("head_dim", config.headWidth());
    }
    root.put("mlp_hidden_size", config.mlpWidth())
        .put("vocab_size", config.vocabularySize())
        .put("embedding_size", config.embeddingSize())
        .put("weight_tying", config.tiedHead())
        .put("rope", true)
        .put("rope_full_precision", true)
        .put("rope_theta", config.ropeTheta())
        .put("rms_norm_eps", config.normEpsilon())
        .put("layer_norm_type", "rms")
        .put("layer_norm_with_affine", true)
        .put("activation_type", "silu")
        .put("include_bias", false)
        .put("include_qkv_bias", false)
        .put("max_sequence_length", config.contextLength());
    if (config.mask() instanceof AttentionMask.BlockCausal block) {
      root.put(BLOCK_LENGTH, block.blockLength());
    }
    root.put("mask_token_id", config.tokens().mask());
  }
}
