package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;

/**
 * A request that a model can honour: token ids and complete settings.
 *
 * @param returnCanvas whether the answer carries the whole canvas
 */
public record PlannedTask(GenerationTask task, boolean returnCanvas) {

  public GenerationSettings settings() {
    return task.settings();
  }

  public int promptTokens() {
    return task.promptIds().length;
  }
}
