package dev.unmask.model.transformer;

import dev.unmask.model.config.Layout;
import dev.unmask.model.transformer.WeightTable.Role;
import java.util.Map;

/**
 * What a family of checkpoints calls its tensors. Names of a block hold {@code %d}, the block's
 * number from 0.
 */
final class WeightNames {

  /** The modelling code of LLaDA, which comes from OLMo's. */
  private static final WeightNames LLADA =
      new WeightNames(
          Map.ofEntries(
              Map.entry(Role.EMBEDDING, "model.transformer.wte.weight"),
              Map.entry(Role.ATTENTION_NORM, "model.transformer.blocks.%d.attn_norm.weight"),
              Map.entry(Role.QUERY, "model.transformer.blocks.%d.q_proj.weight"),
              Map.entry(Role.KEY, "model.transformer.blocks.%d.k_proj.weight"),
              Map.entry(Role.VALUE, "model.transformer.blocks.%d.v_proj.weight"),
              Map.entry(Role.ATTENTION_OUT, "model.transformer.blocks.%d.attn_out.weight"),
              Map.entry(Role.MLP_NORM, "model.transformer.blocks.%d.ff_norm.weight"),
              Map.entry(Role.GATE, "model.transformer.blocks.%d.ff_proj.weight"),
              Map.entry(Role.UP, "model.transformer.blocks.%d.up_proj.weight"),
              Map.entry(Role.DOWN, "model.transformer.blocks.%d.ff_out.weight"),
              Map.entry(Role.QUERY_BIAS, "model.transformer.blocks.%d.q_proj.bias"),
              Map.entry(Role.KEY_BIAS, "model.transformer.blocks.%d.k_proj.bias"),
              Map.entry(Role.VALUE_BIAS, "model.transformer.blocks.%d.v_proj.bias"),
              Map.entry(Role.FINAL_NORM, "model.transformer.ln_f.weight"),
              Map.entry(Role.HEAD, "model.transformer.ff_out.weight")));

  /** Llama's, which Qwen2, Dream and iLLaDA share. */
  private static final WeightNames LLAMA =
      new WeightNames(
          Map.ofEntries(
              Map.entry(Role.EMBEDDING, "model.embed_tokens.weight"),
              Map.entry(Role.ATTENTION_NORM, "model.layers.%d.input_layernorm.weight"),
              Map.entry(Role.QUERY, "model.layers.%d.self_attn.q_proj.weight"),
              Map.entry(Role.KEY, "model.layers.%d.self_attn.k_proj.weight"),
              Map.entry(Role.VALUE, "model.layers.%d.self_attn.v_proj.weight"),
              Map.entry(Role.ATTENTION_OUT, "model.layers.%d.self_attn.o_proj.weight"),
              Map.entry(Role.MLP_NORM, "model.layers.%d.post_attention_layernorm.weight"),
              Map.entry(Role.GATE, "model.layers.%d.mlp.gate_proj.weight"),
              Map.entry(Role.UP, "model.layers.%d.mlp.up_proj.weight"),
              Map.entry(Role.DOWN, "model.layers.%d.mlp.down_proj.weight"),
              Map.entry(Role.QUERY_BIAS, "model.layers.%d.self_attn.q_proj.bias"),
              Map.entry(Role.KEY_BIAS, "model.layers.%d.self_attn.k_proj.bias"),
              Map.entry(Role.VALUE_BIAS, "model.layers.%d.self_attn.v_proj.bias"),
              Map.entry(Role.FINAL_NORM, "model.norm.weight"),
              Map.entry(Role.HEAD, "lm_head.weight")));

  private final Map<Role, String> names;

  private WeightNames(Map<Role, String> names) {
    this.names = names;
  }

  static WeightNames of(Layout layout) {
    return switch (layout) {
      case LLADA, MMADA, AUTOREGRESSIVE, BLOCK_CAUSAL -> LLADA;
      case ILLADA, DREAM -> LLAMA;
    };
  }

  String of(Role role, int layer) {
    String name = names.get(role);
    if (name == null) {
      throw new IllegalStateException("the table of names has none for " + role);
    }
    return name.replace("%d", Integer.toString(layer));
  }
}
