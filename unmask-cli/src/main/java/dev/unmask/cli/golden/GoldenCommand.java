package dev.unmask.cli.golden;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.DeviceOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask golden}: the engine against the reference's recorded outputs. */
@Command(
    name = "golden",
    description = {
      "Runs every golden case under the folders and prints name, verdict and largest error.",
      "Exits 1 when a case fails or is not supported. All is float32; the oracle and training run on",
      "the processor whatever --device says."
    })
public final class GoldenCommand implements Callable<Integer> {

  /** Which way a case is run. */
  enum Way {
    ORACLE,
    PACKED,
    STAGED,
    CLUSTER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Session session;

  @Parameters(
      paramLabel = "DIR",
      arity = "1..*",
      description = "Folders with cases, or folders of such folders.")
  private List<Path> folders = List.of();

  @Option(
      names = "--path",
      paramLabel = "WAY",
      description = {
        "${COMPLETION-CANDIDATES}; default: oracle and packed.",
        "packed is the engine as it serves on --device; staged is the way of CUDA devices, which the"
            + " processor can run too.",
        "cluster starts a cluster of its own and sends the cases over gRPC and Kafka; kinds that a"
            + " cluster has no call for are computed by the library, and their lines say so."
      })
  private @Nullable Way way;

  /** Packed and staged run there, in float32; the oracle and training on the processor. */
  @Mixin private DeviceOption device;

  @Option(
      names = "--kinds",
      paramLabel = "A,B",
      description = "Only these: forward, generate, likelihood, pretrain_loss, sft_loss, adamw.")
  private @Nullable String kinds;

  public GoldenCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    List<String> arguments = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new CliException("there is no folder " + folder);
      }
      arguments.add(folder.toString());
    }
    if (kinds != null) {
      arguments.add("--kinds");
      arguments.add(kinds);
    }
    if (way == Way.CLUSTER) {
      return new ClusterGolden(session).run(arguments);
    }
    arguments.add("--device");
    arguments.add(device.device());
    if (way != null) {
      arguments.add("--path");
      arguments.add(way.toString());
    }
    if (session.json()) {
      arguments.add("--json");
    }
    return GoldenProcess.run(session, arguments);
  }
}
