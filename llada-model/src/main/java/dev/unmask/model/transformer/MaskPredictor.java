package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.HostNumbers;
import org.jspecify.annotations.Nullable;

/**
 * The network as the sampler sees it: packed token ids in, logits at the rows asked for out. One
 * caller at a time.
 */
public interface MaskPredictor {

  /** A forward pass whose numbers were written and are about to be sent. */
  @FunctionalInterface
  interface PreparedPass {
    /**
     * Runs it, once.
     *
     * @param owner gets the result
     * @param sent all numbers that were written, on the predictor's device
     * @return as {@link #states}
     */
    NDArray run(NDManager owner, HostNumbers.Sent sent);
  }

  /** The shape it was built with. */
  ModelConfig config();

  /** Where it computes: states, logits and what is made of them are there. */
  default Device device() {
    return Device.cpu();
  }

  /** Bytes of a number of the compute type, by which memory is planned. */
  default int numberBytes() {
    return Float.BYTES;
  }

  /** Whose weights it runs on; predictors with the same base can share forward passes. */
  default MaskPredictor base() {
    return this;
  }

  /** What stands beside the base's weights; null for the base itself. */
  default @Nullable LoadedAdapter adapter() {
    return null;
  }

  /**
   * One forward pass without the head, so that logits need not exist for all asked rows at once.
   * Segments with a cache write it.
   *
   * @param owner gets the result
   * @param batch at least one sequence and one asked row
   * @return {@code [batch.askedRows(), state width]}, opaque to Java: its type is the compute type
   */
  NDArray states(NDManager owner, PackedBatch batch);

  /**
   * {@link #states} in two halves, so that the numbers of a pass can cross over together with those
   * of whatever follows it.
   *
   * @param batch as for {@link #states}
   * @param numbers gets what the pass needs; nothing where Java's memory is the device's
   */
  default PreparedPass prepare(PackedBatch batch, HostNumbers numbers) {
    return (owner, sent) -> states(owner, batch);
  }

  /**
   * The head.
   *
   * @param owner gets the result
   * @param states some consecutive rows of {@link #states}
   * @return float32 {@code [rows, config().embeddingSize()]}; the row of an asked slot predicts the
   *     token <em>at</em> that slot, whatever the model's logit shift
   */
  NDArray head(NDManager owner, NDArray states);

  /** {@link #states} and {@link #head} of all asked rows. */
  default NDArray logits(NDManager owner, PackedBatch batch) {
    try (NDManager passing = owner.newSubManager()) {
      return head(owner, states(passing, batch));
    }
  }

  /**
   * An empty cache for one row.
   *
   * @param length most positions of the row
   */
  KeyValueCache newCache(int length);
}
