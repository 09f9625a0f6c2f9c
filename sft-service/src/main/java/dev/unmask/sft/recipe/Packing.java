package dev.unmask.sft.recipe;

/** How rows of different lengths share a batch. */
public enum Packing {
  /** Rows of nearly one length, padded with EOS that is learned as part of the answer. */
  BUCKETS,
  /** One after the other; each sees only itself and keeps its own EOS padding. */
  PACKED
}
