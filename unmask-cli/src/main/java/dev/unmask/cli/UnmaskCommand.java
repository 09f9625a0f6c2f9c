package dev.unmask.cli;

import dev.unmask.cli.bench.BenchCommand;
import dev.unmask.cli.chat.ChatCommand;
import dev.unmask.cli.data.DataCommand;
import dev.unmask.cli.finetune.FilesCommand;
import dev.unmask.cli.finetune.FinetuneCommand;
import dev.unmask.cli.finetune.JobsCommand;
import dev.unmask.cli.generate.GenerateCommand;
import dev.unmask.cli.generate.InfillCommand;
import dev.unmask.cli.generate.ScoreCommand;
import dev.unmask.cli.golden.GoldenCommand;
import dev.unmask.cli.models.ApiKeysCommand;
import dev.unmask.cli.models.AuditCommand;
import dev.unmask.cli.models.ExportCommand;
import dev.unmask.cli.models.GcCommand;
import dev.unmask.cli.models.ImportCommand;
import dev.unmask.cli.models.KeysCommand;
import dev.unmask.cli.models.ModelsCommand;
import dev.unmask.cli.models.RollbackCommand;
import dev.unmask.cli.models.SignCommand;
import dev.unmask.cli.models.VerifyCommand;
import dev.unmask.cli.requests.RequestsCommand;
import dev.unmask.cli.tools.CorpusCommand;
import dev.unmask.cli.tools.DoctorCommand;
import dev.unmask.cli.tools.EvalCommand;
import dev.unmask.cli.tools.ExperimentCommand;
import dev.unmask.cli.tools.InspectCommand;
import dev.unmask.cli.tools.MergeCommand;
import dev.unmask.cli.tools.PretrainCommand;
import dev.unmask.cli.tools.TestCommand;
import dev.unmask.cli.top.TopCommand;
import dev.unmask.cli.trace.TraceCommand;
import dev.unmask.cli.up.UpCommand;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The root: says what there is. */
@Command(
    name = "unmask",
    description = {
      "Serves and fine-tunes LLaDA, the masked-diffusion language model.",
      "It fills a canvas of masked slots in a few steps instead of writing left to right."
    },
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "First steps: `unmask up` in one terminal, then in another one",
      "  unmask generate --watch \"What is the capital of France?\"",
      "Every command has its own --help. Exit code: 0 success, 1 failure, 2 wrong arguments."
    },
    subcommands = {
      UpCommand.class,
      GenerateCommand.class,
      ChatCommand.class,
      InfillCommand.class,
      ScoreCommand.class,
      RequestsCommand.class,
      DataCommand.class,
      FinetuneCommand.class,
      JobsCommand.class,
      FilesCommand.class,
      TopCommand.class,
      TraceCommand.class,
      ModelsCommand.class,
      RollbackCommand.class,
      ImportCommand.class,
      ExportCommand.class,
      GcCommand.class,
      ApiKeysCommand.class,
      AuditCommand.class,
      KeysCommand.class,
      SignCommand.class,
      VerifyCommand.class,
      PretrainCommand.class,
      CorpusCommand.class,
      ExperimentCommand.class,
      EvalCommand.class,
      GoldenCommand.class,
      BenchCommand.class,
      InspectCommand.class,
      MergeCommand.class,
      DoctorCommand.class,
      TestCommand.class
    })
public final class UnmaskCommand implements Callable<Integer> {

  private final Session session;

  @Spec private CommandSpec spec;

  public UnmaskCommand(Session session) {
    this.session = session;
  }

  /** Without a command there is only help, and that is a mistake. */
  @Override
  public Integer call() {
    spec.commandLine().usage(session.err());
    return CommandLine.ExitCode.USAGE;
  }
}
