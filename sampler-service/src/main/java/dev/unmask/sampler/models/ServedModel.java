package dev.unmask.sampler.models;

import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.store.Digest;
import dev.unmask.text.LladaTokenizer;

/**
 * Weights with their tokenizer, ready to answer. Owned by the shelf; everyone else holds a {@link
 * Lease} while using it.
 *
 * @param digest of the manifest
 * @param name the model's name without an alias
 */
public record ServedModel(
    Digest digest, String name, LoadedModel weights, LladaTokenizer tokenizer) {

  /** Most tokens of prompt and canvas together. */
  public int contextLength() {
    return weights.config().contextLength();
  }

  /** Ids below it are tokens. */
  public int vocabularySize() {
    return weights.config().vocabularySize();
  }
}
