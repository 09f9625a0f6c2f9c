package dev.unmask.model.likelihood;

import dev.unmask.model.transformer.MaskPredictor;
import java.util.List;

/** One estimate from start to end on the calling thread. */
public final class Likelihood {

  private Likelihood() {}

  /**
   * Estimates the bound of a task.
   *
   * @throws dev.unmask.model.sampling.InvalidSettingsException when the model cannot score it
   * @throws IllegalStateException when the network gave numbers that are not finite
   */
  public static LikelihoodResult of(MaskPredictor predictor, LikelihoodTask task) {
    LikelihoodRun run = new LikelihoodRun(task, predictor.config());
    try (LikelihoodPass pass = new LikelihoodPass(predictor, LikelihoodPass.Budget.USUAL)) {
      while (!run.finished()) {
        pass.step(List.of(run));
      }
    }
    return run.result();
  }
}
