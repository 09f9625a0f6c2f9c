package dev.unmask.model.sampling;

/**
 * Dream's orders of committing. Confidences are those of the distribution that tokens are drawn
 * from: divided by the temperature, cut by top_p and top_k.
 */
public enum DreamAlgorithm {
  /** Each masked slot by itself with probability 1 - s/t, whatever the network says. */
  ORIGIN,
  /** By the probability of the chosen token. */
  MASKGIT_PLUS,
  /** By the two largest probabilities' difference. */
  TOPK_MARGIN,
  /** By the entropy, smallest first. */
  ENTROPY
}
