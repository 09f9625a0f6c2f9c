package dev.unmask.sampler;

import dev.unmask.model.engine.EngineOptions;
import dev.unmask.sampler.metrics.SamplerMeters;

/** How a sampler sets up the engine. */
final class EngineSetup {

  private EngineSetup() {}

  static EngineOptions options(SamplerMeters meters) {
    return EngineOptions.defaults()
        .withObserver(step -> meters.forward(step.duration(), step.tasks()));
  }
}
