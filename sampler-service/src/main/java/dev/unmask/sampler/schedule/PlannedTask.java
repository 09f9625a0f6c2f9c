package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.text.StopStrings;

/**
 * A request that a model can honour: token ids and complete settings.
 *
 * @param returnCanvas whether the answer carries the whole canvas
 * @param stops texts that end the answer
 */
public record PlannedTask(GenerationTask task, boolean returnCanvas, StopStrings stops) {

  public GenerationSettings settings() {
    return task.settings();
  }

  public int promptTokens() {
    return task.promptIds().length;
  }
}
