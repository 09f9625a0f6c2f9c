package dev.unmask.cli.bench;

import dev.unmask.cli.Session;
import dev.unmask.cli.bench.engine.BenchEngineCommand;
import dev.unmask.cli.bench.limits.BenchCancelCommand;
import dev.unmask.cli.bench.limits.BenchFairnessCommand;
import dev.unmask.cli.bench.limits.BenchReadersCommand;
import dev.unmask.cli.bench.page.PlotCommand;
import dev.unmask.cli.bench.reload.BenchReloadCommand;
import dev.unmask.cli.bench.serve.BenchServeCommand;
import dev.unmask.cli.bench.train.BenchTrainCommand;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code unmask bench}: groups the measurements. */
@Command(
    name = "bench",
    description = "Measurements as JSON.",
    subcommands = {
      BenchEngineCommand.class,
      BenchServeCommand.class,
      BenchTrainCommand.class,
      BenchReloadCommand.class,
      BenchFairnessCommand.class,
      BenchCancelCommand.class,
      BenchReadersCommand.class,
      PlotCommand.class
    })
public final class BenchCommand implements Callable<Integer> {

  private final Session session;

  @Spec private CommandSpec spec;

  public BenchCommand(Session session) {
    this.session = session;
  }

  /** Without a measurement there is only help, and that is a mistake. */
  @Override
  public Integer call() {
    spec.commandLine().usage(session.err());
    return CommandLine.ExitCode.USAGE;
  }
}
