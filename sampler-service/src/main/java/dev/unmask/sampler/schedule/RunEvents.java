package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.StepResult;
import dev.unmask.sampler.models.ServedModel;

/**
 * Told what happens to a run before its outcome, in order. Called on the engine thread: an
 * implementation hands over and returns. {@code model} stays leased until the run is closed.
 */
public interface RunEvents {

  void started(ServedModel model, PlannedTask task);

  /** A score is about to be computed. */
  void scoring(ServedModel model, PlannedScore task);

  void step(StepResult step);
}
