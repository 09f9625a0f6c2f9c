package dev.unmask.model.training;

/** How much a masked slot's cross-entropy counts. */
public enum LossWeight {
  /**
   * LLaDA's objective, a bound on the likelihood: a slot of row r counts {@code 1 / (p_r * answer_r
   * * rows)}, where p is the row's probability of masking and answer its slots that could have been
   * masked (arXiv 2502.09992, Eq. 3 and 5; GUIDELINES.md of ML-GSAI/LLaDA). With a prompt of no
   * tokens this is the pre-training loss.
   */
  INVERSE_T,
  /**
   * The mean over all masked slots of the batch: no bound, but far less noise for small budgets.
   */
  UNIFORM
}
