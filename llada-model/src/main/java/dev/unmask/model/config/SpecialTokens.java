package dev.unmask.model.config;

/**
 * The token ids that mean something to the sampler and to the losses.
 *
 * @param mask the id that stands for "not decided yet"
 * @param eos ends an answer; fills the canvas behind it
 * @param pad fills rows of a training batch (LLaDA: the same as {@code eos})
 * @param eot ends a turn of a dialogue, or {@link #NONE}
 */
public record SpecialTokens(int mask, int eos, int pad, int eot) {

  /** Where a model has no such token. */
  public static final int NONE = -1;

  /** Whether an answer ends before {@code id}. */
  public boolean endsAnswer(int id) {
    return id == eos || (eot != NONE && id == eot);
  }
}
