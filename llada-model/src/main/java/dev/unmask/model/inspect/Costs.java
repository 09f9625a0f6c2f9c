package dev.unmask.model.inspect;

import dev.unmask.model.config.ModelConfig;

/**
 * What a model costs to run, by arithmetic on its shape.
 *
 * @param config the shape
 */
public record Costs(ModelConfig config) {

  /** Bytes of all weights in a type of {@code bytesPerNumber}. */
  public long weightBytes(int bytesPerNumber) {
    return config.parameterCount() * bytesPerNumber;
  }

  /** Bytes that a cache holds of one token: a key and a value in every layer. */
  public long cacheBytesPerToken(int bytesPerNumber) {
    return 2L * config.layers() * config.kvWidth() * bytesPerNumber;
  }

  /**
   * Most bytes of activations for one packed token at once: what a block takes, its norm and its
   * sums, queries, keys, values and attended, the two halves of the MLP and their product.
   */
  public long activationBytesPerToken(int bytesPerNumber) {
    long numbers =
        4L * config.width()
            + 2L * config.attentionWidth()
            + 2L * config.kvWidth()
            + 3L * config.mlpWidth();
    return numbers * bytesPerNumber;
  }

  /** Operations of all products of the blocks for one token: two for each number of a matrix. */
  public long blockFlopsPerToken() {
    long attention = 2L * config.attentionWidth() + 2L * config.kvWidth();
    return 2L * config.layers() * config.width() * (attention + 3L * config.mlpWidth());
  }

  /** Operations of the head for each slot whose logits are asked for. */
  public long headFlopsPerSlot() {
    return 2L * config.embeddingSize() * config.width();
  }

  /** Operations of attention for one token and each position that it sees. */
  public long attentionFlopsPerTokenAndKey() {
    return 4L * config.layers() * config.attentionWidth();
  }

  /** Parameters outside of embedding and head. */
  public long innerParameters() {
    long embedding = (long) config.embeddingSize() * config.width();
    return config.parameterCount() - embedding * (config.tiedHead() ? 1 : 2);
  }
}
