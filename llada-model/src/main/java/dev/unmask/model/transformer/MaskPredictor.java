package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;

/**
 * The network as the sampler sees it: packed token ids in, logits at the rows asked for out. One
 * caller at a time.
 */
public interface MaskPredictor {

  /** The shape it was built with. */
  ModelConfig config();

  /**
   * One forward pass.
   *
   * @param owner gets the result
   * @param batch at least one sequence and one asked row
   * @return float32 {@code [batch.askedRows(), config().embeddingSize()]}; row i predicts the token
   *     at asked position i (no shift)
   */
  NDArray logits(NDManager owner, PackedBatch batch);
}
