package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * Vectors that stand before a sequence's embedded tokens. They take positions, are attended to, and
 * are never decoded.
 */
public final class SoftPrompt implements LoadedAdapter {

  private final NDManager manager;
  private final NDArray vectors;
  private final long bytes;
  private final ForwardPath owner;

  /**
   * @param manager of its own; closed with it
   * @param vectors {@code [virtual tokens, width]} in the compute type
   */
  SoftPrompt(NDManager manager, NDArray vectors, long bytes, ForwardPath owner) {
    this.manager = manager;
    this.vectors = vectors;
    this.bytes = bytes;
    this.owner = owner;
  }

  NDArray vectors() {
    return vectors;
  }

  ForwardPath owner() {
    return owner;
  }

  @Override
  public int virtualTokens() {
    return Math.toIntExact(vectors.getShape().get(0));
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    manager.close();
  }
}
