package dev.unmask.model.bench;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.ModelShape;
import dev.unmask.model.config.SpecialTokens;
import java.util.Locale;

/** The shapes that are measured with random weights. */
enum BenchSize {
  MINI(ModelConfig.shape().width(320).layers(8).heads(5).mlpWidth(864), 4096),
  /** As SmolLM2-135M. */
  M135(ModelConfig.shape().width(576).layers(30).heads(9).kvHeads(3).mlpWidth(1536), 49_152),
  /** As TinyLlama. */
  B1(ModelConfig.shape().width(2048).layers(22).heads(32).kvHeads(4).mlpWidth(5632), 32_768),
  /** As LLaDA-8B, whose head is its own. */
  B8(ModelConfig.shape().width(4096).layers(32).heads(32).mlpWidth(12_288), 126_464, false);

  /** Room for the longest row of a sweep and its canvas. */
  private static final int CONTEXT = 4352;

  @SuppressWarnings("ImmutableEnumChecker") // A record of plain values; nothing changes it.
  private final ModelConfig config;

  BenchSize(ModelShape shape, int vocabulary) {
    this(shape, vocabulary, true);
  }

  BenchSize(ModelShape shape, int vocabulary, boolean tied) {
    this.config =
        shape
            .vocabularySize(vocabulary)
            .tiedHead(tied)
            .ropeTheta(500_000)
            .contextLength(CONTEXT)
            .tokens(
                new SpecialTokens(
                    vocabulary - 1, vocabulary - 2, vocabulary - 2, SpecialTokens.NONE))
            .build();
  }

  ModelConfig config() {
    return config;
  }

  /** Whether its weights are drawn in memory, because writing and reading them takes minutes. */
  boolean drawn() {
    return this == B8;
  }

  /** As command lines write it: {@code mini}, {@code 135m}, {@code 1b} or {@code 8b}. */
  String label() {
    return switch (this) {
      case MINI -> "mini";
      case M135 -> "135m";
      case B1 -> "1b";
      case B8 -> "8b";
    };
  }

  /**
   * Reads a {@link #label}.
   *
   * @throws IllegalArgumentException with a sentence for anything else
   */
  static BenchSize parse(String text) {
    for (BenchSize size : values()) {
      if (size.label().equals(text.toLowerCase(Locale.ROOT))) {
        return size;
      }
    }
    throw new IllegalArgumentException("--size is " + text + "; it must be mini, 135m, 1b or 8b");
  }
}
