package dev.unmask.cli.tools;

import dev.unmask.cli.Session;
import dev.unmask.cli.process.EngineProcess;
import dev.unmask.cli.process.Rooms;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Tools that parse their own arguments: everything after the name goes to them as it is, {@code
 * --help} included, so that their options are described in one place.
 */
public enum PassThrough {
  PRETRAIN("pretrain", "dev.unmask.sft.pretrain.PretrainMain", 1024),
  CORPUS("corpus", "dev.unmask.sft.corpus.CorpusMain", 512),
  EXPERIMENT("experiment", "dev.unmask.sft.experiment.ExperimentMain", 1024),
  EVAL("eval", "dev.unmask.sft.evaluation.EvalMain", 2048);

  private final String command;
  private final String mainClass;
  private final int heap;

  PassThrough(String command, String mainClass, int heap) {
    this.command = command;
    this.mainClass = mainClass;
    this.heap = heap;
  }

  /** The tool that a command line names, if it names one. */
  public static Optional<PassThrough> named(String... args) {
    return Arrays.stream(values())
        .filter(tool -> args.length > 0 && tool.command.equals(args[0]))
        .findFirst();
  }

  /**
   * Runs it to its end.
   *
   * @param args the whole command line, its name first
   * @return its exit code
   */
  public int run(Session session, String... args) {
    List<String> passed = Arrays.asList(args).subList(1, args.length);
    return this == EVAL
        ? EvalRun.run(session, passed, complete -> child(session, complete))
        : child(session, passed);
  }

  private int child(Session session, List<String> arguments) {
    return EngineProcess.run(session, Rooms.TRAINER, mainClass, heap, arguments);
  }
}
