package dev.unmask.model.config;

import java.util.List;

/**
 * The published forms of checkpoint that this network reads: which architecture name config.json
 * carries, which fields it has, and which names the tensors bear. Decided by {@code architectures},
 * never by {@code model_type} alone, because LLaDA-MoE calls itself llada too.
 */
public enum Layout {
  /** LLaDA-8B Base and Instruct, LLaDA-1.5, and what is trained here. */
  LLADA("LLaDAModelLM"),
  /** iLLaDA-8B: Llama's names, grouped heads, tied head, mask id 5. */
  ILLADA("ILLaDAForCausalLM"),
  /** Dream-7B: Llama's names, biases on queries, keys and values, logits shifted by one. */
  DREAM("DreamModel"),
  /** MMaDA-8B: LLaDA's names and a vocabulary with image codes; only the text side is run. */
  MMADA("MMadaModelLM"),
  /** The baseline of experiments: LLaDA's names, causal, trained to predict the next token. */
  AUTOREGRESSIVE("UnmaskAutoregressiveLM"),
  /** LLaDA's names with attention by blocks of {@code block_length}. */
  BLOCK_CAUSAL("UnmaskBlockCausalLM");

  private final String architecture;

  Layout(String architecture) {
    this.architecture = architecture;
  }

  /** The name in config.json's {@code architectures}. */
  public String architecture() {
    return architecture;
  }

  /** All names it goes by; capitals do not count. */
  List<String> architectures() {
    return this == ILLADA
        ? List.of(architecture, "ILLaDAModelLM", "ILLaDAModel")
        : List.of(architecture);
  }
}
