package dev.unmask.model.oracle;

import dev.unmask.model.config.Layout;

/** Tensor names once more, apart from the network's own table, so that a slip shows. */
final class OracleNames {

  private OracleNames() {}

  /** The full name, without its ending, of what LLaDA's code calls {@code name}. */
  static String of(Layout layout, String name) {
    return switch (layout) {
      case LLADA, MMADA, AUTOREGRESSIVE, BLOCK_CAUSAL ->
          "model.transformer." + (name.equals("head") ? "ff_out" : name);
      case ILLADA, DREAM -> llama(name);
    };
  }

  private static String llama(String name) {
    if (name.startsWith("blocks.")) {
      int dot = name.lastIndexOf('.');
      return "model.layers."
          + name.substring("blocks.".length(), dot)
          + switch (name.substring(dot + 1)) {
            case "attn_norm" -> ".input_layernorm";
            case "attn_out" -> ".self_attn.o_proj";
            case "ff_norm" -> ".post_attention_layernorm";
            case "ff_proj" -> ".mlp.gate_proj";
            case "up_proj" -> ".mlp.up_proj";
            case "ff_out" -> ".mlp.down_proj";
            case String projection -> ".self_attn." + projection;
          };
    }
    return switch (name) {
      case "wte" -> "model.embed_tokens";
      case "ln_f" -> "model.norm";
      case "head" -> "lm_head";
      default -> throw new IllegalArgumentException("no tensor is called " + name);
    };
  }
}
