package dev.unmask.sampler;

import dev.unmask.model.engine.EngineOptions;
import dev.unmask.sampler.metrics.SamplerMeters;
import java.lang.management.ManagementFactory;

/** How a sampler sets up the engine. */
final class EngineSetup {

  private EngineSetup() {}

  static EngineOptions options(SamplerMeters meters, long memoryBytes) {
    return EngineOptions.defaults()
        .withMemory(memoryBytes)
        .withObserver(step -> meters.forward(step.duration(), step.tasks()));
  }

  /** Bytes; of the container's memory where there is one. */
  static long halfOfTheMachine() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean machine
        ? Math.max(1, machine.getTotalMemorySize() / 2)
        : Long.MAX_VALUE;
  }
}
