package dev.unmask.model.engine;

import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;

/**
 * A request to fill a canvas.
 *
 * @param id for messages and logs
 * @param promptIds what stands before the canvas; may be empty; holds no mask
 * @param draws the request's random numbers
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; copied on the way in.
public record GenerationTask(String id, int[] promptIds, GenerationSettings settings, Draws draws) {

  public GenerationTask {
    promptIds = promptIds.clone();
  }

  /** With the random stream of the settings' seed. */
  public GenerationTask(String id, int[] promptIds, GenerationSettings settings) {
    this(id, promptIds, settings, new Draws.Seeded(settings.seed()));
  }
}
