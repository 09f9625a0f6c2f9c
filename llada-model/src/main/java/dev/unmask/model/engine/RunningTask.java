package dev.unmask.model.engine;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.transformer.LoadedAdapter;
import dev.unmask.model.transformer.MaskPredictor;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link GenerationTask} in the engine. */
final class RunningTask extends EngineTask implements FairShare.Contender {

  private final GenerationTask task;
  private final GenerationListener listener;
  private @Nullable CanvasRun run;
  private final long submittedNanos = System.nanoTime();
  private long startNanos;
  private boolean started;
  private @Nullable TaskCost cost;

  /** Committed slots when the answer's end was last looked for. */
  private int lookedAt;

  RunningTask(
      MaskPredictor model, GenerationTask task, GenerationListener listener, Runnable onEnd) {
    super(model, task.priority(), task.deadline(), onEnd);
    this.task = task;
    this.listener = listener;
  }

  @Override
  String id() {
    return task.id();
  }

  /** Throws the reason why {@code task} cannot run on a model of this shape. */
  private static void check(GenerationTask task, ModelConfig config) throws EngineException {
    int[] prompt = task.promptIds();
    int masks = 0;
    for (int i = 0; i < prompt.length; i++) {
      boolean masked = prompt[i] == config.tokens().mask();
      // The mask may be an id that is no token.
      if (!masked && (prompt[i] < 0 || prompt[i] >= config.vocabularySize())) {
        throw invalid(
            "token "
                + i
                + " of the prompt is "
                + prompt[i]
                + "; this model's ids go from 0 to "
                + (config.vocabularySize() - 1));
      }
      if (masked) {
        masks++;
        if (!task.infill()) {
          throw invalid("token " + i + " of the prompt is the mask; a prompt must not hold it");
        }
      }
    }
    int canvas = task.settings().genLength();
    if (config.mask() instanceof AttentionMask.BlockCausal blocks
        && !task.infill()
        && task.settings().blockLength() != Math.min(blocks.blockLength(), canvas)) {
      throw invalid(
          "the block length is "
              + task.settings().blockLength()
              + ", but this network sees blocks of "
              + blocks.blockLength()
              + "; give that");
    }
    if (task.infill()) {
      checkInfill(task, masks, config.tokens().mask());
    }
    SlotRules rules = task.rules();
    if (rules != null && (!task.infill() || rules.slots() != canvas)) {
      throw invalid(
          "the rules are for "
              + rules.slots()
              + " slots of a text and the canvas has "
              + canvas
              + "; they must be the same");
    }
    int text = prompt.length - masks;
    if ((long) text + canvas > config.contextLength()) {
      throw invalid(
          (task.infill() ? "the text has " : "the prompt has ")
              + text
              + " tokens and the canvas "
              + canvas
              + ", together more than this model's "
              + config.contextLength());
    }
  }

  private static void checkInfill(GenerationTask task, int masks, int mask) throws EngineException {
    int[] row = task.promptIds();
    int canvas = task.settings().genLength();
    if (masks != canvas) {
      throw invalid(
          "the text has "
              + masks
              + " masked slots and the canvas length is "
              + canvas
              + "; they must be the same");
    }
    // With at least one mask, since a canvas has at least one slot.
    int first = 0;
    while (row[first] != mask) {
      first++;
    }
    boolean open = first == row.length - masks;
    if (!open && task.settings().lookaheadBlocks().isPresent()) {
      throw invalid(
          "a lookahead leaves out what stands behind the next blocks, but here fixed text does;"
              + " leave the lookahead out");
    }
    if (!open && task.answerEnd() != null) {
      throw invalid(
          "stop strings end an answer, but here fixed text stands behind a masked span; leave them"
              + " out");
    }
  }

  private static EngineException invalid(String sentence) {
    return new EngineException(Reason.INVALID_TASK, sentence);
  }

  /** Only after {@link #arrive}. */
  CanvasRun run() {
    return Objects.requireNonNull(run, "the task was not started");
  }

  /** Only after {@link #arrive}. */
  TaskCost cost() {
    return Objects.requireNonNull(cost, "the task was not checked");
  }

  @Override
  void arrive(ModelGroup group, Admission admission) throws EngineException {
    ModelConfig config = model().config();
    // Checked first: the canvas of an absurd length would not fit in memory.
    check(task, config);
    LoadedAdapter adapter = model().adapter();
    cost =
        TaskCost.of(
            task, config, model().numberBytes(), adapter == null ? 0 : adapter.virtualTokens());
    admission.check(cost, group);
    int[] row =
        task.infill()
            ? task.promptIds()
            : CanvasRun.masked(task.promptIds(), task.settings(), config);
    run = new CanvasRun(row, task.settings(), config, task.draws(), adapter, task.rules());
    admission.add(this, group);
  }

  /** With all drafts that it may make. */
  @Override
  public long nextTokens() {
    return run().passTokens() * (1L + task.settings().draftSteps());
  }

  @Override
  public long passBytes() {
    return cost().passBytes();
  }

  /** When it was submitted; the larger, the later. */
  long arrival() {
    return submittedNanos;
  }

  /** Operations that are about left. */
  double flopsLeft() {
    CanvasRun now = run();
    return cost().flops() * now.maskedLeft() / task.settings().genLength();
  }

  /** Says that the task is about to be forwarded, the first time. */
  void begin() {
    if (!started) {
      started = true;
      startNanos = System.nanoTime();
      tell(listener::onStarted);
    }
  }

  /** Reports steps, and the end if this was the last one. */
  void stepped(List<StepResult> steps) {
    for (StepResult step : steps) {
      if (!ended()) {
        tell(() -> listener.onStep(step));
      }
    }
    if (!ended() && !run().finished()) {
      lookForEnd(steps.get(steps.size() - 1).committedPrefix());
    }
    if (run().finished()) {
      end(() -> listener.onFinished(result()));
    }
  }

  /** Asks whether the answer ended, when its beginning has grown since the last time. */
  private void lookForEnd(int committedPrefix) {
    AnswerEnd answerEnd = task.answerEnd();
    if (answerEnd == null || committedPrefix == lookedAt) {
      return;
    }
    lookedAt = committedPrefix;
    try {
      if (answerEnd.ended(run().committedAnswer())) {
        run().endAnswer();
      }
    } catch (RuntimeException e) {
      failed(
          new EngineException(
              Reason.INTERNAL, "looking for the answer's end failed: " + e.getMessage(), e));
    }
  }

  @Override
  void failed(EngineException failure) {
    end(() -> listener.onFailed(failure));
  }

  private GenerationResult result() {
    CanvasRun finished = run();
    return new GenerationResult(
        finished.canvas(),
        finished.answer(),
        finished.answerEnded()
            ? GenerationResult.FinishReason.STOP
            : GenerationResult.FinishReason.LENGTH,
        finished.steps(),
        finished.forwards(),
        finished.spared(),
        Duration.ofNanos(startNanos - submittedNanos),
        Duration.ofNanos(System.nanoTime() - startNanos));
  }

  @Override
  void release() {
    CanvasRun laidOut = run;
    if (laidOut != null) {
      laidOut.close();
    }
  }
}
