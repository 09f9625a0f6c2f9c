package dev.unmask.model.engine;

/**
 * Says whether an answer has ended by something else than EOS, such as a stop string. Asked on the
 * engine thread between steps, when more of the answer's beginning was committed: must be quick.
 */
@FunctionalInterface
public interface AnswerEnd {

  /**
   * Whether no more is wanted.
   *
   * @param committed the answer's tokens from its first up to the first slot still masked, or up to
   *     EOS or EoT, exclusive
   */
  boolean ended(int[] committed);
}
