package dev.unmask.sft.evaluation;

import java.util.List;

/**
 * How well a model knows some answers.
 *
 * @param boundPerAnswerToken an unbiased estimate of LLaDA's bound on the negative log-likelihood
 *     of the answers given their prompts, in nats, over their tokens
 * @param standardError of it, for the masks that were drawn: how far another seed would be off
 * @param rowsError what it would be off with other dialogues of the same kind, masks included; NaN
 *     for a single one
 * @param levels by the share that was masked, ascending
 * @param answers scored
 * @param answerTokens of all of them, each answer's end included
 * @param dialogues that they come from
 */
public record DiffusionLoss(
    double boundPerAnswerToken,
    double standardError,
    double rowsError,
    List<NoiseLevel> levels,
    long answers,
    long answerTokens,
    long dialogues) {

  public DiffusionLoss {
    levels = List.copyOf(levels);
  }

  /** An upper bound, up to the errors, on the model's perplexity for each answer token. */
  public double perplexityBound() {
    return Math.exp(boundPerAnswerToken);
  }
}
