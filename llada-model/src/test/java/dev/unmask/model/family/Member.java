package dev.unmask.model.family;

import java.util.List;

/** A kind of checkpoint of the family, with what its published files have in particular. */
enum Member {
  LLADA_BASE("llada-8b", "LLaDAModelLM"),
  LLADA_INSTRUCT("llada-8b", "LLaDAModelLM"),
  ILLADA("illada-8b", "ILLaDAForCausalLM"),
  DREAM("dream-7b", "DreamModel"),
  MMADA("mmada-8b", "MMadaModelLM"),
  AUTOREGRESSIVE("llada-8b", "UnmaskAutoregressiveLM"),
  BLOCK_CAUSAL("llada-8b", "UnmaskBlockCausalLM");

  /** The grid of {@link #BLOCK_CAUSAL}. */
  static final int BLOCK_LENGTH = 8;

  private final String config;
  private final String architecture;

  Member(String config, String architecture) {
    this.config = config;
    this.architecture = architecture;
  }

  /** The published config.json it starts from, among the test resources. */
  String publishedConfig() {
    return config;
  }

  String architecture() {
    return architecture;
  }

  /** Whether fields and tensors bear Llama's names. */
  boolean isLlamaStyle() {
    return this == ILLADA || this == DREAM;
  }

  boolean isTied() {
    return this == ILLADA;
  }

  boolean hasBiases() {
    return this == DREAM;
  }

  int kvHeads() {
    return isLlamaStyle() ? 2 : 4;
  }

  /** Ids below it come before the 256 bytes of the tiny vocabulary. */
  int firstByte() {
    return this == ILLADA ? 6 : 0;
  }

  /** Control tokens in the order of their ids, under their published names. */
  List<String> control() {
    return switch (this) {
      case LLADA_BASE -> ControlTokens.LLADA.subList(0, ControlTokens.LLADA.size() - 3);
      case LLADA_INSTRUCT, AUTOREGRESSIVE, BLOCK_CAUSAL -> ControlTokens.LLADA;
      case MMADA -> ControlTokens.MMADA;
      case DREAM -> ControlTokens.DREAM;
      case ILLADA -> ControlTokens.ILLADA;
    };
  }

  String mask() {
    return switch (this) {
      case DREAM -> "<|mask|>";
      case ILLADA -> "<[MASK]>";
      case LLADA_BASE, LLADA_INSTRUCT, MMADA, AUTOREGRESSIVE, BLOCK_CAUSAL -> "<|mdm_mask|>";
    };
  }

  String eos() {
    return this == ILLADA ? "</s>" : "<|endoftext|>";
  }

  String bos() {
    return switch (this) {
      case DREAM -> "<|beginoftext|>";
      case ILLADA -> "<s>";
      case LLADA_BASE, LLADA_INSTRUCT, MMADA, AUTOREGRESSIVE, BLOCK_CAUSAL -> "<|startoftext|>";
    };
  }

  /** The stored chat template, or an empty text where none is known. */
  String chatTemplate() {
    return switch (this) {
      case LLADA_INSTRUCT, AUTOREGRESSIVE, BLOCK_CAUSAL -> ControlTokens.LLADA_TEMPLATE;
      case MMADA -> ControlTokens.MMADA_TEMPLATE;
      case DREAM -> ControlTokens.DREAM_TEMPLATE;
      case LLADA_BASE, ILLADA -> "";
    };
  }

  /** Image codes behind the text's ids. */
  int imageCodes() {
    return this == MMADA ? 64 : 0;
  }

  /** The id of a control token: behind the bytes, or before them. */
  int id(String control) {
    int index = control().indexOf(control);
    if (index < 0) {
      throw new IllegalArgumentException(this + " has no token " + control);
    }
    return firstByte() > 0 ? index : 256 + index;
  }

  /** Ids of the tokenizer. */
  int vocabulary() {
    return 256 + control().size();
  }
}
