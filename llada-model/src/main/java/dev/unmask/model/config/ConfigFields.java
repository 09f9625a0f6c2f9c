package dev.unmask.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.model.InvalidModelException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fields of one config.json, read one by one. Remembers which were read, so that {@link
 * #refuseUnread} can name one that might change the maths and that nobody asked for.
 */
final class ConfigFields {

  /** Without effect on what the network computes: training, storage, provenance, other formats. */
  private static final Set<String> HARMLESS =
      Set.of(
          "architectures",
          "model_type",
          "auto_map",
          "torch_dtype",
          "dtype",
          "transformers_version",
          "use_cache",
          "bos_token_id",
          "alibi_bias_max",
          "attention_layer_norm_with_affine",
          "attention_dropout",
          "embedding_dropout",
          "residual_dropout",
          "resid_pdrop",
          "flash_attention",
          "attn_implementation",
          "init_device",
          "init_fn",
          "init_std",
          "init_cutoff_factor",
          "initializer_range",
          "precision",
          "max_window_layers",
          "output_attentions",
          "output_hidden_states",
          "gradient_checkpointing");

  /** Parts of names that speak of the network. A field with none of them is taken for a remark. */
  private static final List<String> TELLING =
      List.of(
          "rope",
          "rotary",
          "position",
          "attn",
          "attention",
          "causal",
          "window",
          "head",
          "kv",
          "norm",
          "bias",
          "mlp",
          "ffn",
          "activation",
          "hidden",
          "layer",
          "block",
          "expert",
          "moe",
          "router",
          "scale",
          "scaling",
          "multiplier",
          "softcap",
          "logit",
          "embed",
          "emb_",
          "residual",
          "quant",
          "tie",
          "tying",
          "rank",
          "lora",
          "vision");

  private final JsonNode root;
  private final Set<String> read = new HashSet<>();

  ConfigFields(JsonNode root) {
    this.root = root;
  }

  /** A field as it stands, which counts as read; missing and null alike give a missing node. */
  JsonNode field(String name) {
    read.add(name);
    JsonNode value = root.path(name);
    return value.isNull() ? com.fasterxml.jackson.databind.node.MissingNode.getInstance() : value;
  }

  /**
   * Fields whose absence means something else to the layout's own code than this network does.
   *
   * @param wanted what each has to say
   */
  void mustBeThere(Map<String, String> wanted) throws InvalidModelException {
    for (Map.Entry<String, String> one : wanted.entrySet()) {
      if (!has(one.getKey())) {
        throw refused(one.getKey(), one.getValue());
      }
    }
  }

  boolean has(String name) {
    return root.hasNonNull(name);
  }

  /** Switches of the reference code that must be off; absent and null count as off. */
  void mustBeOff(Map<String, String> meanings) throws InvalidModelException {
    for (Map.Entry<String, String> off : meanings.entrySet()) {
      JsonNode value = field(off.getKey());
      if (!value.isMissingNode() && !(value.isBoolean() && !value.booleanValue())) {
        String free = value.isBoolean() ? "false" : "absent or null";
        throw refused(off.getKey(), free + ", because " + off.getValue() + " are not supported");
      }
    }
  }

  /** Switches that must be on; absent and null count as on. */
  void mustBeOn(Map<String, String> meanings) throws InvalidModelException {
    for (Map.Entry<String, String> on : meanings.entrySet()) {
      JsonNode value = field(on.getKey());
      if (!value.isMissingNode() && !value.asBoolean(false)) {
        throw refused(on.getKey(), "true, because only " + on.getValue() + " are supported");
      }
    }
  }

  /** A text with one possible value, which is also what its absence means. */
  void mustBe(String name, String wanted) throws InvalidModelException {
    JsonNode value = field(name);
    if (!value.isMissingNode() && !value.asText().equals(wanted)) {
      throw refused(name, "\"" + wanted + "\"");
    }
  }

  /** A number with one possible value, which is also what its absence means. */
  void mustBe(String name, double wanted) throws InvalidModelException {
    JsonNode value = field(name);
    if (!value.isMissingNode() && !(value.isNumber() && value.doubleValue() == wanted)) {
      throw refused(name, wanted == Math.rint(wanted) ? (long) wanted + "" : wanted + "");
    }
  }

  /** A field that this layout's code would act upon, whatever it says. */
  void mustBeAbsent(String name, String because) throws InvalidModelException {
    if (!field(name).isMissingNode()) {
      throw refused(name, "absent or null, because " + because);
    }
  }

  boolean flag(String name, boolean absent) throws InvalidModelException {
    JsonNode value = field(name);
    if (value.isMissingNode()) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw refused(name, "true or false");
    }
    return value.booleanValue();
  }

  /** A positive integer; a negative {@code absent} means that it must be there. */
  int integer(String name, int absent) throws InvalidModelException {
    JsonNode value = field(name);
    if (value.isMissingNode() && absent >= 0) {
      return absent;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw refused(name, "a positive integer of at most " + Integer.MAX_VALUE);
    }
    return value.intValue();
  }

  /** A positive number; a negative {@code absent} means that it must be there. */
  double positive(String name, double absent) throws InvalidModelException {
    JsonNode value = field(name);
    if (value.isMissingNode() && absent >= 0) {
      return absent;
    }
    if (!value.isNumber() || !(value.doubleValue() > 0 && value.doubleValue() < 1e100)) {
      throw refused(name, "a positive number below 1e100");
    }
    return value.doubleValue();
  }

  /** A token id; {@link SpecialTokens#NONE} as {@code absent} means that it must be there. */
  int token(String name, int absent, int embedding) throws InvalidModelException {
    JsonNode value = field(name);
    if (value.isMissingNode() && absent >= 0) {
      return absent;
    }
    if (!value.isInt() || value.intValue() < 0 || value.intValue() >= embedding) {
      throw refused(name, "a token id from 0 to " + (embedding - 1));
    }
    return value.intValue();
  }

  /** The special tokens that both ways of naming call alike. */
  SpecialTokens tokens(int mask, int embedding) throws InvalidModelException {
    int eos = token("eos_token_id", SpecialTokens.NONE, embedding);
    return new SpecialTokens(
        mask,
        eos,
        token("pad_token_id", eos, embedding),
        field("eot_token_id").isMissingNode()
            ? SpecialTokens.NONE
            : token("eot_token_id", SpecialTokens.NONE, embedding));
  }

  /**
   * Refuses the first field that nobody has read, that is set, and whose name speaks of the
   * network: honouring it exactly cannot be promised.
   */
  void refuseUnread() throws InvalidModelException {
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      String name = entry.getKey();
      if (!read.contains(name)
          && !HARMLESS.contains(name)
          && !name.startsWith("_")
          && isSet(entry.getValue())
          && TELLING.stream().anyMatch(name.toLowerCase(java.util.Locale.ROOT)::contains)) {
        throw refused(name, "absent, because this network does not know what it changes");
      }
    }
  }

  private static boolean isSet(JsonNode value) {
    return !value.isNull()
        && !(value.isBoolean() && !value.booleanValue())
        && !(value.isContainerNode() && value.isEmpty());
  }

  InvalidModelException refused(String field, String wanted) {
    JsonNode value = root.path(field);
    return new InvalidModelException(
        "config.json: "
            + field
            + (value.isMissingNode() ? " is missing" : " is " + value)
            + "; it must be "
            + wanted);
  }
}
