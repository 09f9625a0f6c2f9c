package dev.unmask.model.engine;

import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.List;

/**
 * One request from start to end on the calling thread, without a batch: what the engine's answers
 * are compared with.
 */
public final class SimpleLoop {

  private SimpleLoop() {}

  /** Denoises until the canvas is full or ended early; returns the finished run. */
  public static CanvasRun run(
      MaskPredictor predictor, int[] prompt, GenerationSettings settings, Draws draws) {
    return finish(predictor, CanvasRun.behind(prompt, settings, predictor.config(), draws));
  }

  /** Denoises a run that was just laid out until it is finished. */
  public static CanvasRun finish(MaskPredictor predictor, CanvasRun run) {
    try (run;
        PackedStep step = new PackedStep(predictor)) {
      while (!run.finished()) {
        step.step(List.of(run));
      }
    }
    return run;
  }
}
