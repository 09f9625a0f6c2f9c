package dev.unmask.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.Arrays;

/** A network that fails on every batch which holds a certain token. */
record FragilePredictor(MaskPredictor inner, int token) implements MaskPredictor {

  @Override
  public ModelConfig config() {
    return inner.config();
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    if (Arrays.stream(batch.ids()).anyMatch(id -> id == token)) {
      throw new IllegalStateException("token " + token + " breaks it");
    }
    return inner.states(owner, batch);
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return inner.head(owner, states);
  }

  @Override
  public KeyValueCache newCache(int length) {
    return inner.newCache(length);
  }
}
