package dev.unmask.sampler.models;

import dev.unmask.model.transformer.LoadedAdapter;
import dev.unmask.model.transformer.MaskPredictor;
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
    Digest digest, String name, MaskPredictor weights, LladaTokenizer tokenizer) {

  /** Whether it stands on the weights of another model, whose tokenizer it shares. */
  boolean isAdapter() {
    return weights.adapter() != null;
  }

  /** Bytes that it holds beside its base; 0 for whole weights, which are counted by number. */
  long adapterBytes() {
    LoadedAdapter adapter = weights.adapter();
    return adapter == null ? 0 : adapter.bytes();
  }

  /** Most tokens of prompt and canvas together. */
  public int contextLength() {
    return weights.config().contextLength();
  }

  /** Ids below it are tokens. */
  public int vocabularySize() {
    return weights.config().vocabularySize();
  }
}
