package dev.unmask.cli.data;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.EngineProcess;
import dev.unmask.cli.process.Rooms;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask data preview}: a dataset as training will see it; needs no cluster. */
@Command(
    name = "preview",
    description = {
      "Reads a whole dataset as a fine-tuning job would and shows rows with the learned tokens",
      "marked, the lengths in tokens, the share of EOS in the loss, and which rows are rejected and",
      "why. Exits 1 when a job would refuse the dataset. Needs no cluster."
    })
public final class PreviewCommand implements Callable<Integer> {

  private static final String MAIN = "dev.unmask.sft.preview.PreviewMain";

  /** The reading's memory does not depend on the file. */
  private static final int HEAP = 256;

  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The dataset; see docs/datasets.md for formats.")
  private @Nullable Path file;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The Hugging Face folder to tokenize for; default: models/unmask-mini.")
  private @Nullable Path model;

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description =
          "messages, sharegpt, alpaca, prompt-completion, preference, text or plain-text; default:"
              + " found from the first row.")
  private @Nullable String format;

  @Option(names = "--rows", paramLabel = "N", description = "Rows to show; default 3.")
  private @Nullable Integer rows;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      description = "Most tokens of a row; default: the model's context.")
  private @Nullable Integer maxLength;

  @Option(
      names = "--overlong",
      paramLabel = "WHAT",
      description = "Longer rows: reject (default), truncate or keep_fitting_turns.")
  private @Nullable String overlong;

  @Option(
      names = "--packing",
      paramLabel = "HOW",
      description = "buckets (default) or packed, which the share of EOS depends on.")
  private @Nullable String packing;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Rows of a batch, which the share of EOS depends on.")
  private @Nullable Integer batchSize;

  @Option(
      names = "--max-bad-rows",
      paramLabel = "SHARE",
      description = "Share of rows that may be rejected before a job fails; default 0.1.")
  private @Nullable Double maxBadRows;

  public PreviewCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Path dataset = Objects.requireNonNull(file);
    if (!Files.isRegularFile(dataset)) {
      throw new CliException("there is no file " + dataset);
    }
    Path folder = model == null ? session.home().resolve("models/unmask-mini") : model;
    if (!Files.isDirectory(folder)) {
      throw new CliException("there is no folder " + folder);
    }
    List<String> arguments = new ArrayList<>(List.of("--model", folder.toString()));
    add(arguments, "--format", format);
    add(arguments, "--rows", rows);
    add(arguments, "--max-length", maxLength);
    add(arguments, "--overlong", overlong);
    add(arguments, "--packing", packing);
    add(arguments, "--batch-size", batchSize);
    add(arguments, "--max-bad-rows", maxBadRows);
    if (session.json()) {
      arguments.add("--json");
    }
    if (session.colour()) {
      arguments.add("--colour");
    }
    arguments.add("--");
    arguments.add(dataset.toString());
    return EngineProcess.run(session, Rooms.TRAINER, MAIN, HEAP, arguments);
  }

  private static void add(List<String> arguments, String option, @Nullable Object value) {
    if (value != null) {
      arguments.add(option);
      arguments.add(value.toString());
    }
  }
}
