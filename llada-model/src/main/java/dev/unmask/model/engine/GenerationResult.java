package dev.unmask.model.engine;

import java.time.Duration;

/**
 * A finished canvas.
 *
 * @param canvasIds every slot, without the prompt
 * @param answerIds the canvas up to the first EOS or EoT, exclusive
 * @param steps denoising steps
 * @param forwardPasses sequences forwarded: one a step, two with guidance, more with drafts
 * @param sparedSlots slots at the end that became EOS without a decision, because the answer had
 *     ended before them
 * @param queued from the submission to the first forward pass
 * @param inference from there to the last commit
 */
@SuppressWarnings("ArrayRecordComponent") // Handed over, compared by nobody.
public record GenerationResult(
    int[] canvasIds,
    int[] answerIds,
    FinishReason finish,
    int steps,
    int forwardPasses,
    int sparedSlots,
    Duration queued,
    Duration inference) {

  /** Why the answer ended. */
  public enum FinishReason {
    /** The model ended it with EOS or EoT. */
    STOP,
    /** The canvas was full. */
    LENGTH
  }
}
