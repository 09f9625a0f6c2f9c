package dev.unmask.sampler;

import dev.unmask.model.engine.EngineOptions;
import dev.unmask.sampler.metrics.SamplerMeters;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.Consumer;

/** How a sampler sets up the engine. */
final class EngineSetup {

  private EngineSetup() {}

  /**
   * @param stepped hears how long each step took, on the engine thread
   */
  static EngineOptions options(SamplerMeters meters, long memoryBytes, Consumer<Duration> stepped) {
    return EngineOptions.defaults()
        .withMemory(memoryBytes)
        .withObserver(step -> {
          meters.forward(step.duration(), step.tasks());
          stepped.accept(step.duration());
        });
  }

  /** Bytes; of the container's memory where there is one. */
  static long halfOfTheMachine() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean machine
        ? Math.max(1, machine.getTotalMemorySize() / 2)
        : Long.MAX_VALUE;
  }
}
