package dev.unmask.cli.bench.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.bench.serve.RecordOption;
import dev.unmask.cli.process.EngineProcess;
import dev.unmask.cli.process.Rooms;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench engine}: how near the engine comes to the machine's matrix rate. */
@Command(
    name = "engine",
    description = {
      "Measures the denoising engine without a cluster and prints one JSON object. Full and cached",
      "steps of many requests and of one are timed in turns with the matrix products of their",
      "shape, plain and prepacked; the best round of each counts. Whole requests run through the",
      "engine for --seconds. Weights are random, but for --reference. On a CUDA device, or with",
      "--path staged, each step stands beside the time that the device needs for its operations and",
      "for the bytes it reads, by a product and a copy of the same run (docs/gpu.md)."
    })
public final class BenchEngineCommand implements Callable<Integer> {

  private static final String MAIN = "dev.unmask.model.bench.BenchMain";
  private static final String PACE = "dev.unmask.sft.evaluation.PaceMain";

  /** Random weights are made in the heap, matrix by matrix. */
  static final int HEAP = 1024;

  private final Session session;
  @Mixin private EngineLoadOptions load;

  @Option(
      names = "--sweep",
      paramLabel = "slots",
      description = "Instead: one request's step from 64 to 4096 slots beside its operations.")
  private @Nullable String sweep;

  @Option(
      names = "--processes",
      paramLabel = "N",
      defaultValue = "1",
      description = "With 2 or more: so many engine processes at once against each of them alone.")
  private int processes = 1;

  @Option(
      names = "--adapters",
      paramLabel = "N",
      description = {
        "Instead: a step whose requests are spread over N LoRA adapters beside the base's own step,",
        "and beside the passes that N merged models would need."
      })
  private @Nullable Integer adapters;

  @Option(
      names = "--rank",
      paramLabel = "N",
      defaultValue = "16",
      description = "Width of the adapters of --adapters; default ${DEFAULT-VALUE}.")
  private int rank = 16;

  @Option(
      names = "--reference",
      description = {
        "Instead: the shipped model's probes with threshold decoding and a dual cache against the",
        "reference sampler (one token a step, no cache), in tokens a second and right answers."
      })
  private boolean reference;

  @Option(
      names = "--probes",
      paramLabel = "N",
      defaultValue = "200",
      description = "Questions of --reference; default ${DEFAULT-VALUE}.")
  private int probes = 200;

  @Option(
      names = "--canvas",
      paramLabel = "N",
      defaultValue = "64",
      description = "Canvas of --reference, whole blocks of 32; default ${DEFAULT-VALUE}.")
  private int canvas = 64;

  @Mixin private RecordOption record;

  public BenchEngineCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException {
    check();
    record.check(session.home());
    ObjectNode result = Json.object();
    if (reference) {
      result.put("what", "bench engine reference");
      result.setAll(ask(PACE, paceArguments()));
    } else if (processes > 1) {
      result.put("what", "bench engine processes");
      result.setAll(EngineProcesses.measure(session, processes, load.arguments("worker"), load));
    } else if (sweep != null) {
      result.put("what", "bench engine slots");
      result.setAll(ask(MAIN, load.arguments("slots")));
    } else if (adapters != null) {
      result.put("what", "bench engine adapters");
      List<String> arguments = new ArrayList<>(load.arguments("adapters"));
      arguments.addAll(
          List.of("--adapters", String.valueOf(adapters), "--rank", String.valueOf(rank)));
      result.setAll(ask(MAIN, arguments));
    } else {
      ObjectNode figures = ask(MAIN, load.arguments("engine"));
      // A device's steps are judged by another floor, so they are another kind of line.
      boolean staged = figures.path("settings").path("path").asText().equals("staged");
      result.put("what", staged ? "bench engine device" : "bench engine");
      result.setAll(figures);
    }
    session.out().println(Json.line(result));
    record.append(session.home(), result);
    return 0;
  }

  private void check() {
    if (sweep != null && !sweep.equals("slots")) {
      throw CliException.usage("--sweep is " + sweep + "; it must be slots");
    }
    if (processes < 1 || processes > 64) {
      throw CliException.usage("--processes is " + processes + "; it must be between 1 and 64");
    }
    int kinds =
        (reference ? 1 : 0)
            + (sweep == null ? 0 : 1)
            + (processes > 1 ? 1 : 0)
            + (adapters == null ? 0 : 1);
    if (kinds > 1) {
      throw CliException.usage(
          "give one of --sweep, --processes, --adapters and --reference, not several");
    }
    if (probes < 1) {
      throw CliException.usage("--probes is " + probes + "; it must be at least 1");
    }
    if (canvas < 32 || canvas % 32 != 0) {
      throw CliException.usage("--canvas is " + canvas + "; it must be a multiple of 32");
    }
  }

  private List<String> paceArguments() {
    return new ArrayList<>(
        List.of(
            "--model",
            session.home().resolve("models").resolve("unmask-mini").toString(),
            "--probes",
            String.valueOf(probes),
            "--canvas",
            String.valueOf(canvas),
            "--threshold",
            String.valueOf(load.threshold() > 0 ? load.threshold() : 0.9)));
  }

  private ObjectNode ask(String main, List<String> arguments) {
    List<String> lines = EngineProcess.read(session, Rooms.TRAINER, main, HEAP, arguments);
    return json(lines.isEmpty() ? "" : lines.getLast());
  }

  /** A child's answer. */
  static ObjectNode json(String line) {
    try {
      if (new ObjectMapper().readTree(line) instanceof ObjectNode node) {
        return node;
      }
    } catch (JsonProcessingException e) {
      // Told below.
    }
    throw new CliException("the engine's process gave no figures, but: " + line);
  }
}
