package dev.unmask.model.training;

/** What PEFT calls the tensors of an adapter. */
final class PeftNames {

  /** Before the path of every module: PEFT's wrapper and the model in it. */
  static final String PREFIX = "base_model.model.";

  static final String A = ".lora_A.weight";
  static final String B = ".lora_B.weight";
  static final String PROMPT = "prompt_embeddings";

  private PeftNames() {}
}
