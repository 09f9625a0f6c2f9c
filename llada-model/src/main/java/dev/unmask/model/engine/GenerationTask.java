package dev.unmask.model.engine;

import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A request to fill a canvas: behind a prompt, or in the masked spans of a text.
 *
 * @param id for messages and logs
 * @param promptIds what stands before the canvas; may be empty; holds no mask. With {@code infill}
 *     the whole row instead, whose masked positions are the canvas, as many as the settings' {@code
 *     genLength}.
 * @param infill whether the canvas is the masked positions of {@code promptIds}
 * @param draws the request's random numbers
 * @param answerEnd what else than EOS ends the answer, or null
 * @param priority whom it competes with
 * @param deadline by this machine's clock; a task that has not ended by then ends with {@code
 *     DEADLINE_EXCEEDED} before its next forward pass; null is never
 * @param rules what the slots may say; null is anything. Only with {@code infill}
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; copied on the way in.
public record GenerationTask(
    String id,
    int[] promptIds,
    boolean infill,
    GenerationSettings settings,
    Draws draws,
    @Nullable AnswerEnd answerEnd,
    Priority priority,
    @Nullable Instant deadline,
    @Nullable SlotRules rules) {

  public GenerationTask {
    promptIds = promptIds.clone();
  }

  /** Slots that may say anything. */
  public GenerationTask(
      String id,
      int[] promptIds,
      boolean infill,
      GenerationSettings settings,
      Draws draws,
      @Nullable AnswerEnd answerEnd,
      Priority priority,
      @Nullable Instant deadline) {
    this(id, promptIds, infill, settings, draws, answerEnd, priority, deadline, null);
  }

  /** An interactive task without a deadline. */
  public GenerationTask(
      String id,
      int[] promptIds,
      boolean infill,
      GenerationSettings settings,
      Draws draws,
      @Nullable AnswerEnd answerEnd) {
    this(id, promptIds, infill, settings, draws, answerEnd, Priority.INTERACTIVE, null);
  }

  /** A canvas behind a prompt, with random numbers of one's own. */
  public GenerationTask(String id, int[] promptIds, GenerationSettings settings, Draws draws) {
    this(id, promptIds, false, settings, draws, null);
  }

  /** A canvas behind a prompt, with the random stream of the settings' seed. */
  public GenerationTask(String id, int[] promptIds, GenerationSettings settings) {
    this(id, promptIds, settings, new Draws.Seeded(settings.seed()));
  }

  /**
   * Any number of masked spans between fixed text, which never changes. Blocks are counted over the
   * masked positions alone. When text stands behind a mask, EOS does not end anything: all spans
   * are filled.
   *
   * @param row fixed tokens and masks
   */
  public static GenerationTask infill(String id, int[] row, GenerationSettings settings) {
    return new GenerationTask(id, row, true, settings, new Draws.Seeded(settings.seed()), null);
  }

  /** The same task, ended early by {@code end}. */
  public GenerationTask until(AnswerEnd end) {
    return new GenerationTask(
        id, promptIds, infill, settings, draws, end, priority, deadline, rules);
  }

  /** The same task, whose slots say only what these rules allow. */
  public GenerationTask within(SlotRules limits) {
    return new GenerationTask(
        id, promptIds, infill, settings, draws, answerEnd, priority, deadline, limits);
  }

  /** The same task among its like. */
  public GenerationTask with(Priority other) {
    return new GenerationTask(
        id, promptIds, infill, settings, draws, answerEnd, other, deadline, rules);
  }

  /** The same task with an end of patience. */
  public GenerationTask by(Instant end) {
    return new GenerationTask(
        id, promptIds, infill, settings, draws, answerEnd, priority, end, rules);
  }
}
