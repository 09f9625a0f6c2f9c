package dev.unmask.model.transformer;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.transformer.WeightTable.Role;

/**
 * Thin matrices beside some of a model's: {@code y = W x + B (A x)}. For every layer there are
 * {@link #STRIDE} tensors, empty where nothing is adapted. Matrices with one input share one tensor
 * of A's, {@code [in, ranks]}, so that the input is multiplied once; each B is {@code [rank, out]}
 * and holds the adapter's scale. Both are laid out as {@link AdaptedText} needs them for its form
 * of the network.
 */
public final class LowRankAdapter implements LoadedAdapter {

  /** Tensors of a layer. In the last one, where that is split, there is one more. */
  static final int STRIDE = 11;

  /** Place of the output's A among a layer's tensors, one further in a split layer. */
  static final int OUT = 4;

  /** Place of the A that gate and up share. */
  static final int MLP = 6;

  /** Place of the down projection's A. */
  static final int DOWN = 9;

  /**
   * One adapted matrix.
   *
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read at once.
  public record Factors(int layer, Role role, int rank, float[] a, float[] b) {}

  private final NDManager manager;
  private final TensorList tensors;
  private final long bytes;
  private final ForwardPath owner;

  /**
   * @param manager of its own; closed with it
   */
  LowRankAdapter(NDManager manager, TensorList tensors, long bytes, ForwardPath owner) {
    this.manager = manager;
    this.tensors = tensors;
    this.bytes = bytes;
    this.owner = owner;
  }

  TensorList tensors() {
    return tensors;
  }

  ForwardPath owner() {
    return owner;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    tensors.close();
    manager.close();
  }
}
