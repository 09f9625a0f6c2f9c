package dev.unmask.model.transformer;

/**
 * What a sequence puts beside a model's weights, in memory and ready for that one model. Several
 * may take part in one forward pass, each with its own sequences. Made by {@link LoadedModel};
 * {@link #close} belongs to a moment when no pass uses it.
 */
public sealed interface LoadedAdapter extends AutoCloseable permits LowRankAdapter, SoftPrompt {

  /** Positions that it takes before a sequence's own. */
  default int virtualTokens() {
    return 0;
  }

  /** Bytes of native memory it holds. */
  long bytes();

  @Override
  void close();
}
