package dev.unmask.cli.data;

import dev.unmask.cli.Session;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code unmask data}: says what there is. */
@Command(
    name = "data",
    description = "Datasets: what a fine-tuning job would learn from a file.",
    subcommands = PreviewCommand.class)
public final class DataCommand implements Callable<Integer> {

  private final Session session;

  @Spec private CommandSpec spec;

  public DataCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(session.err());
    return CommandLine.ExitCode.USAGE;
  }
}
