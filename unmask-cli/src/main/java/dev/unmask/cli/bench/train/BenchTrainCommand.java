package dev.unmask.cli.bench.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.bench.serve.RecordOption;
import dev.unmask.cli.process.EngineProcess;
import dev.unmask.cli.process.Rooms;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench train}. */
@Command(
    name = "train",
    description = {
      "Measures updates of a model with random weights beside the matrix products that they are",
      "made of, and prints one JSON object: tokens a second, model FLOP/s over the same run's rate",
      "of those products, forward, backward and optimizer apart, and peak memory."
    })
public final class BenchTrainCommand implements Callable<Integer> {

  private static final String MAIN = "dev.unmask.model.bench.TrainBench";

  /** Random weights are made in the heap. */
  private static final int HEAP = 1536;

  private final Session session;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      defaultValue = "14m",
      description = "14m or 135m; default ${DEFAULT-VALUE}.")
  private String size = "14m";

  @Option(
      names = "--method",
      paramLabel = "HOW",
      defaultValue = "full",
      description = "full or lora (rank 8, all projections); default ${DEFAULT-VALUE}.")
  private String method = "full";

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Rows of 256 tokens in an update; default 16 for 14m, 4 for 135m.")
  private int rows;

  @Option(
      names = "--recompute",
      description = "Compute activations again, a layer at a time, rather than keep them.")
  private boolean recompute;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "float32",
      description = "What products are computed in: float32 or bfloat16; default ${DEFAULT-VALUE}.")
  private String precision = "float32";

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Updates that count, the best of which is told; default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Mixin private RecordOption record;

  public BenchTrainCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    oneOf("--size", size, "14m", "135m");
    oneOf("--method", method, "full", "lora");
    oneOf("--precision", precision, "float32", "bfloat16");
    int chosen = rows == 0 ? (size.equals("14m") ? 16 : 4) : rows;
    if (chosen < 1 || chosen > 1024) {
      throw CliException.usage("--rows is " + rows + "; it must be between 1 and 1024");
    }
    if (rounds < 1 || rounds > 100) {
      throw CliException.usage("--rounds is " + rounds + "; it must be between 1 and 100");
    }
    record.check(session.home());
    ObjectNode result = Json.object();
    result.put("what", "bench train");
    result.setAll(
        measured(
            List.of(
                size,
                method,
                String.valueOf(chosen),
                String.valueOf(rounds),
                recompute ? "recompute" : "keep",
                precision)));
    session.out().println(Json.line(result));
    record.append(session.home(), result);
    return 0;
  }

  private static void oneOf(String option, String value, String one, String other) {
    if (!value.equals(one) && !value.equals(other)) {
      throw CliException.usage(option + " is " + value + "; it must be " + one + " or " + other);
    }
  }

  private ObjectNode measured(List<String> arguments) {
    List<String> lines = EngineProcess.readTraining(session, Rooms.TRAINER, MAIN, HEAP, arguments);
    String last = lines.isEmpty() ? "" : lines.getLast();
    try {
      if (new ObjectMapper().readTree(last) instanceof ObjectNode node) {
        return node;
      }
    } catch (JsonProcessingException e) {
      // Told below.
    }
    throw new CliException("the trainer's process gave no figures, but: " + last);
  }
}
