package dev.unmask.model.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.DevicesFound;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.UnusableLibraryException;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * {@code unmask bench engine} in a process of its own: prints one JSON object. Options are those of
 * {@link BenchOptions}. Exit code 0, 1 with a sentence when something failed, 2 with a sentence for
 * a wrong option.
 */
public final class BenchMain {

  private static final List<String> TOLD =
      List.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8");

  private BenchMain() {}

  /** See the class. */
  public static void main(String[] args) throws InterruptedException {
    BenchOptions options;
    try {
      options = BenchOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("unmask: " + e.getMessage());
      System.exit(2);
      return;
    }
    try {
      run(options);
    } catch (IllegalArgumentException e) {
      // A combination that is not there, or no room for it.
      System.err.println("unmask: " + e.getMessage());
      System.exit(2);
      return;
    } catch (IOException | InvalidModelException | EngineException | UnusableLibraryException e) {
      System.err.println("unmask: " + e.getMessage());
      System.exit(1);
      return;
    }
    System.exit(0);
  }

  private static void run(BenchOptions options)
      throws IOException, InvalidModelException, EngineException, InterruptedException {
    LoadedModel.Way way = options.way(options.device().resolve());
    if (options.mode() == BenchOptions.Mode.SLOTS && !way.device().isCpu()) {
      throw new IllegalArgumentException(
          "the sweep over slots is timed by the processor's clock; give --device cpu");
    }
    BenchRoom.require(options, way);
    if (options.size().drawn() || !way.device().isCpu()) {
      try (LoadedModel model = LoadedModel.random(options.size().config(), way, 1)) {
        measure(options, model);
      }
      return;
    }
    Path folder = Files.createTempDirectory("unmask-bench");
    try {
      ElementType stored = way.precision() == Precision.BF16 ? ElementType.BF16 : ElementType.F32;
      RandomModel.write(folder, options.size().config(), stored, 1, 1);
      try (LoadedModel model = LoadedModel.load(folder, options.size().config(), way)) {
        measure(options, model);
      }
    } finally {
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private static void measure(BenchOptions options, LoadedModel model)
      throws IOException, EngineException, InterruptedException {
    if (options.mode() == BenchOptions.Mode.WORKER) {
      BenchWorker.run(options, model);
      return;
    }
    ObjectNode result = new ObjectMapper().createObjectNode();
    machine(result.putObject("machine"), model.device());
    settings(result.putObject("settings"), options, model);
    switch (options.mode()) {
      case SLOTS -> SlotSweep.run(model, options.rounds(), result);
      case ADAPTERS -> AdapterBench.run(options, model, result);
      case ENGINE, WORKER -> new EngineBench(options, model).run(result);
    }
    System.out.println(result);
    System.out.flush();
  }

  private static void machine(ObjectNode machine, Device device) {
    machine.put("cores", Runtime.getRuntime().availableProcessors());
    var features = machine.putArray("features");
    TOLD.stream().filter(Processor.here().features()::contains).forEach(features::add);
    machine.put("libtorch", TorchRuntime.version());
    machine.put("java", Runtime.version().feature());
    machine.put("threads", TorchRuntime.intraOpThreads());
    if (device instanceof Device.Cuda cuda) {
      DevicesFound found = DevicesFound.here();
      DevicesFound.CudaDevice gpu = found.devices().get(cuda.index());
      machine.put("gpu", gpu.name());
      machine.put("gpu_memory_mb", gpu.totalBytes() >> 20);
      machine.put("compute_capability", gpu.capability());
      machine.put("driver", found.driver());
    }
  }

  private static void settings(ObjectNode settings, BenchOptions options, LoadedModel model) {
    settings.put("size", options.size().label());
    settings.put("parameters", model.parameterCount());
    settings.put("requests", options.requests());
    settings.put("precision", model.precision().name().toLowerCase(Locale.ROOT));
    settings.put("cache", options.caching().kind().name().toLowerCase(Locale.ROOT));
    settings.put("threshold", options.threshold());
    settings.put("mix", options.mixed() ? "mixed" : "fixed");
    settings.put("temperature", options.temperature());
    settings.put("clock", ThreadClock.label());
    settings.put("rounds", options.rounds());
    settings.put("device", model.device().label());
    settings.put(
        "path",
        switch (model.kernels()) {
          case PLAIN -> "plain";
          case PREPACKED -> "packed";
          case STAGED -> "staged";
        });
    if (options.mode() == BenchOptions.Mode.ADAPTERS) {
      settings.put("adapters", options.adapters());
      settings.put("rank", options.rank());
    }
  }
}
