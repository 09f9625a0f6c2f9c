package dev.unmask.model.config;

/** Which positions of a row each position sees. */
public sealed interface AttentionMask {

  /** Every position sees every position: masked diffusion as LLaDA has it. */
  record Full() implements AttentionMask {}

  /** A position sees itself and those before it: the autoregressive baseline. */
  record Causal() implements AttentionMask {}

  /**
   * A position sees its own block and those before it, so that keys and values of a finished block
   * never change (LLaDA2's attention). The grid of blocks begins at position 0 of the row.
   *
   * @param blockLength positions of a block, at least 1
   */
  record BlockCausal(int blockLength) implements AttentionMask {
    public BlockCausal {
      if (blockLength < 1) {
        throw new IllegalArgumentException("the block length is " + blockLength + ", not positive");
      }
    }
  }

  /**
   * How many positions of its row, counted from 0, a position sees: the allowed ones are always a
   * prefix.
   *
   * @param position the one that looks
   * @param length positions of the row
   */
  default int seenFrom(int position, int length) {
    return switch (this) {
      case Full full -> length;
      case Causal causal -> position + 1;
      case BlockCausal block ->
          Math.min(length, (position / block.blockLength() + 1) * block.blockLength());
    };
  }
}
