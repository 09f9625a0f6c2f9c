package dev.unmask.sampler;

import dev.unmask.model.engine.DeviceMemory;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.sampler.metrics.SamplerMeters;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
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
    EngineOptions options = EngineOptions.defaults().withMemory(measured(memory, meters));
    return options.withObserver(step -> {
      meters.forward(step, options.stepTokens());
      stepped.accept(step.duration());
    });
  }

  /** The same budget, of which meters show the part that is taken. */
  private static MemoryBudget measured(MemoryBudget memory, SamplerMeters meters) {
    AtomicLong taken = new AtomicLong();
    meters.memory(() -> (double) taken.get() / Math.max(1, memory.bytes()));
    return new MemoryBudget() {
      @Override
      public long bytes() {
        return memory.bytes();
      }

      @Override
      public void needed(long bytes) {
        taken.set(bytes);
        memory.needed(bytes);
      }
    };
  }

  /** What requests may need where nobody said it. */
  static MemoryBudget usualMemory(Device device) {
    return switch (device) {
      case Device.Cpu cpu -> MemoryBudget.of(Math.max(1, machineMemory() / 2));
      case Device.Cuda cuda ->
          new DeviceMemory(cuda.label(), (long) (USED_OF_DEVICE * TorchRuntime.freeBytes(cuda)));
    };
  }

  /** Bytes that whole weights may take where nobody said it, beside what requests may need. */
  static long usualWeights(MemoryBudget requests) {
    // On a device requests get what weights leave.
    return requests instanceof DeviceMemory shared ? shared.usable() : machineMemory() / 4;
  }

  /** Bytes; of the container where there is one. */
  private static long machineMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean machine
        ? machine.getTotalMemorySize()
        : Long.MAX_VALUE;
  }
}
