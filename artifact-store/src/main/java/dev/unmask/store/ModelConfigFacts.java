package dev.unmask.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The facts of a config.json (and of a generation_config.json, when there is one) that a manifest
 * repeats for people and for the gateway. LLaDA's own names and the Llama-style ones of its
 * relatives are both known. Whether the network can be run is the model library's judgement, not
 * this one's.
 */
record ModelConfigFacts(Path file, JsonNode config, JsonNode generation) {

  Manifest.Architecture architecture(Collection<SafetensorsHeader.Tensor> tensors)
      throws StoreException {
    int hidden = need("d_model", "hidden_size");
    int heads = need("n_heads", "num_attention_heads");
    Integer ffn = integer("mlp_hidden_size", "intermediate_size");
    Integer kvHeads = integer("n_kv_heads", "num_key_value_heads");
    int vocab = need("embedding_size", "vocab_size");
    Set<String> dtypes = new TreeSet<>();
    long parameters = 0;
    for (SafetensorsHeader.Tensor tensor : tensors) {
      dtypes.add(tensor.dtype());
      parameters += tensor.elements();
    }
    boolean multiQuery = config.path("multi_query_attention").asBoolean(false);
    return new Manifest.Architecture(
        config.path("model_type").asText("llada"),
        need("n_layers", "num_hidden_layers"),
        hidden,
        heads,
        kvHeads != null ? kvHeads : multiQuery ? 1 : heads,
        ffn != null
            ? ffn
            : Math.toIntExact(Math.round(config.path("mlp_ratio").asDouble(4) * hidden)),
        vocab,
        need("max_sequence_length", "max_position_embeddings"),
        flag("weight_tying", "tie_word_embeddings"),
        norm(),
        text("activation_type", "hidden_act"),
        config.path("rope_theta").asDouble(10_000),
        dtypes.size() == 1 ? dtypes.iterator().next() : "MIXED",
        parameters);
  }

  Manifest.Diffusion diffusion() {
    String family = config.path("model_type").asText("");
    return new Manifest.Diffusion(
        integer("mask_token_id", "mask_token_id"),
        integer("eos_token_id", "eos_token_id"),
        integer("pad_token_id", "pad_token_id"),
        "linear",
        family.equalsIgnoreCase("dream") || isAutoregressive(),
        null,
        null,
        positive("steps"),
        positive("block_length"));
  }

  private @Nullable String norm() {
    String named = text("layer_norm_type", "norm_type");
    // The Llama-style names of the relatives say it only by the name of its constant.
    return named == null && config.has("rms_norm_eps") ? "rms" : named;
  }

  private @Nullable String text(String name, String otherName) {
    for (String key : new String[] {name, otherName}) {
      if (config.path(key).isTextual()) {
        return config.path(key).textValue();
      }
    }
    return null;
  }

  private @Nullable Integer positive(String name) {
    JsonNode value = generation.path(name);
    return value.canConvertToInt() && value.isIntegralNumber() && value.intValue() > 0
        ? value.intValue()
        : null;
  }

  /** The baseline of experiments, which shares LLaDA's {@code model_type}. */
  private boolean isAutoregressive() {
    return config.path("architectures").path(0).asText().equals("UnmaskAutoregressiveLM");
  }

  private int need(String name, String otherName) throws StoreException {
    Integer value = integer(name, otherName);
    if (value == null) {
      throw StoreException.invalid(
          file + " names neither " + name + " nor " + otherName + " as a whole number");
    }
    return value;
  }

  private @Nullable Integer integer(String name, String otherName) {
    for (String key : new String[] {name, otherName}) {
      JsonNode value = config.path(key);
      if (value.isIntegralNumber() && value.canConvertToInt()) {
        return value.intValue();
      }
    }
    return null;
  }

  private boolean flag(String name, String otherName) {
    return config.has(name)
        ? config.path(name).asBoolean(false)
        : config.path(otherName).asBoolean(false);
  }
}
