package dev.unmask.sampler;

import dev.unmask.model.engine.DeviceMemory;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.sampler.metrics.SamplerMeters;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.Consumer;

/** How a sampler sets up the engine. */
final class EngineSetup {

  private EngineSetup() {}

  /** A device's memory is also the library's and the kernels' own, and pieces of it get lost. */
  private static final double USED_OF_DEVICE = 0.9;

  /**
   * @param stepped hears how long each step took, on the engine thread
   */
  static EngineOptions options(
      SamplerMeters meters, MemoryBudget memory, Consumer<Duration> stepped) {
    return EngineOptions.defaults()
        .withMemory(memory)
        .withObserver(step -> {
          meters.forward(step.duration(), step.tasks());
          stepped.accept(step.duration());
        });
  }

  /** What requests may need where nobody said it. */
  static MemoryBudget usualMemory(Device device) {
    return switch (device) {
      case Device.Cpu cpu -> MemoryBudget.of(halfOfTheMachine());
      case Device.Cuda cuda ->
          new DeviceMemory(cuda.label(), (long) (USED_OF_DEVICE * TorchRuntime.freeBytes(cuda)));
    };
  }

  /** Bytes; of the container's memory where there is one. */
  private static long halfOfTheMachine() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean machine
        ? Math.max(1, machine.getTotalMemorySize() / 2)
        : Long.MAX_VALUE;
  }
}
