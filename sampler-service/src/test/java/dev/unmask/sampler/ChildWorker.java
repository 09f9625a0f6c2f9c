package dev.unmask.sampler;

import dev.unmask.kafka.KafkaAccess;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.models.ModelShelf;
import dev.unmask.store.location.StoreChoice;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A worker in a process of its own, which a test can kill. */
final class ChildWorker {

  private ChildWorker() {}

  /** Starts it with {@code slots} slots, one of them for bulk; its output goes to {@code log}. */
  static Process start(
      String bootstrap, String base, Path store, String worker, int slots, File log)
      throws IOException {
    ProcessBuilder child =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "-Dai.djl.offline=true",
            "-Dai.djl.pytorch.num_threads=1",
            "-Dai.djl.pytorch.num_interop_threads=1",
            "-cp",
            System.getProperty("java.class.path"),
            ChildWorker.class.getName(),
            bootstrap,
            base,
            store.toString(),
            worker,
            String.valueOf(slots));
    child.environment().put("OMP_NUM_THREADS", "1");
    child.environment().put("MKL_NUM_THREADS", "1");
    return child.redirectErrorStream(true).redirectOutput(log).start();
  }

  /** Runs until it is killed, or until its parent is gone. */
  public static void main(String[] args) throws Exception {
    List<String> told = List.of(args);
    SamplerWorker worker =
        new SamplerWorker(
            new SamplerOptions(
                new KafkaSettings(KafkaAccess.plain(told.get(0)), told.get(3)),
                told.get(1),
                StoreChoice.folder(Path.of(told.get(2))),
                Path.of(told.get(2)).resolveSibling("cache-" + told.get(3)),
                Device.cpu(),
                Precision.F32,
                Integer.parseInt(told.get(4)),
                1,
                MemoryBudget.of(1L << 30),
                new ModelShelf.Limits(4, 1L << 26, 1L << 30),
                Duration.ofSeconds(5),
                4,
                Duration.ofSeconds(12),
                Duration.ofSeconds(120),
                Duration.ofMillis(500),
                Duration.ofMinutes(10),
                false),
            new SimpleMeterRegistry());
    worker.start();
    ProcessHandle.current().parent().orElseThrow().onExit().join();
    Runtime.getRuntime().halt(1);
  }
}
