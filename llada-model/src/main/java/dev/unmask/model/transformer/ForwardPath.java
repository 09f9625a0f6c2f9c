package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.HostNumbers;
import java.util.List;

/** One way to run a loaded network. One thread at a time. */
interface ForwardPath extends AutoCloseable {

  /** {@link MaskPredictor#states}. */
  NDArray states(NDManager owner, PackedBatch batch);

  /** {@link MaskPredictor#prepare}. */
  default MaskPredictor.PreparedPass prepare(PackedBatch batch, HostNumbers numbers) {
    return (owner, sent) -> states(owner, batch);
  }

  /** {@link MaskPredictor#head}. */
  NDArray head(NDManager owner, NDArray states);

  /** A cache's tensor {@code [layers, 2, length, kv heads, head]}, owned by the model. */
  NDArray newCache(int length);

  /** Thin matrices of this network; see {@link LoadedModel#withLowRank}. Any thread. */
  LowRankAdapter lowRank(List<LowRankAdapter.Factors> factors, double scale);

  /** Virtual tokens of this network, {@code [tokens, width]}. Any thread. */
  SoftPrompt prompt(float[] vectors);

  @Override
  void close();
}
