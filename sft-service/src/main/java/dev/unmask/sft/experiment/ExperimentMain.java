package dev.unmask.sft.experiment;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.EngineException;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one experiment and writes its page and plot. */
@Command(
    name = "unmask experiment",
    description =
        "Repeats a claim of the paper in small: trains toy models, or asks a model, and writes a"
            + " page with a plot.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills the required options.
public final class ExperimentMain implements Callable<Integer> {

  private static final List<String> NAMES =
      List.of("bound", "weights", "reversal", "in-context", "compute", "steps", "remasking");

  @Parameters(
      paramLabel = "NAME",
      description = "bound, weights, reversal, in-context, compute, steps or remasking.")
  String name;

  @Option(names = "--out", paramLabel = "DIR", description = "Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("experiments");

  @Option(names = "--seeds", description = "Runs of each curve (default ${DEFAULT-VALUE}).")
  int seeds = 5;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Asked by steps and remasking (default ${DEFAULT-VALUE}).")
  Path model = Path.of("models", "unmask-mini");

  @Option(
      names = "--questions",
      paramLabel = "FILE",
      description = "Asked by steps and remasking (default ${DEFAULT-VALUE}).")
  Path questions = Path.of("models", "probes", "probes.jsonl");

  @Option(names = "--count", description = "Of the questions, by chance (${DEFAULT-VALUE}).")
  int count = 200;

  /** Exit code 0, 1 when it failed, 2 for bad options. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  static int run(String... args) {
    CommandLine line = new CommandLine(new ExperimentMain());
    line.setExecutionExceptionHandler((failure, ignored, parsed) -> {
      if (failure instanceof CommandLine.ParameterException wrong) {
        throw wrong;
      }
      System.err.println("unmask: " + failure.getMessage());
      return 1;
    });
    return line.execute(args);
  }

  @Override
  public Integer call()
      throws IOException, InvalidModelException, TokenizerException, EngineException {
    if (seeds < 2 || count < 1) {
      throw new CommandLine.ParameterException(
          new CommandLine(this), "--seeds must be at least 2 for an interval, --count at least 1");
    }
    Report report =
        switch (name) {
          case "bound" -> new BoundExperiment().run(seeds);
          case "weights" -> new ChainExperiments().weights(seeds);
          case "reversal" -> new ReversalExperiment().run(seeds);
          case "in-context" -> new ContextExperiment().run(seeds);
          case "compute" -> new ChainExperiments().compute(seeds);
          case "steps" -> new DecodingExperiments(model, questions, count).steps();
          case "remasking" -> new DecodingExperiments(model, questions, count).remasking(seeds);
          default ->
              throw new CommandLine.ParameterException(
                  new CommandLine(this),
                  "there is no experiment " + name + "; there are " + String.join(", ", NAMES));
        };
    report.write(out);
    System.out.println(out.resolve(report.name() + ".md"));
    return 0;
  }
}
