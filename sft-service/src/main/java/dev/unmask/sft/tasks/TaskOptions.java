package dev.unmask.sft.tasks;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code unmask eval} takes for tasks beside what it takes for dialogues. */
public final class TaskOptions {

  @Option(
      names = "--shots",
      paramLabel = "N",
      description = "Tasks: so many solved examples before each question (default: none).")
  int shots;

  @Option(
      names = "--shots-from",
      paramLabel = "FILE",
      description = "Tasks: where examples come from (default: other rows of FILE).")
  @Nullable Path shotsFrom;

  @Option(
      names = "--raw",
      description =
          "Tasks: questions as plain text, without the chat template; so they are asked anyway when"
              + " the model has none.")
  boolean raw;

  @Option(
      names = "--match",
      paramLabel = "HOW",
      description =
          "Tasks: compare written answers like this instead of as the rows say: exact (but for case,"
              + " punctuation and articles), numeric (the last number), contains (as whole words)."
              + " Rows that say nothing: numeric for numbers, exact for a harness's, else contains.")
  @Nullable String match;

  @Option(
      names = "--gen-length",
      paramLabel = "N",
      description = "Tasks: canvas of written answers (default ${DEFAULT-VALUE}).")
  int genLength = 64;

  @Option(
      names = "--block-length",
      paramLabel = "N",
      description = "Tasks: slots of a block (default 32, or the canvas where that is shorter).")
  @Nullable Integer blockLength;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Tasks: denoising steps of an answer (default: one a slot).")
  @Nullable Integer steps;

  @Option(
      names = "--threshold",
      paramLabel = "P",
      description = "Tasks: commit every slot of this confidence at once, instead of --steps.")
  @Nullable Double threshold;

  @Option(
      names = "--cfg-scale",
      paramLabel = "W",
      description = "Tasks: classifier-free guidance (default: off).")
  double cfgScale;

  @Option(
      names = "--at-once",
      paramLabel = "N",
      description = "Tasks: questions that share the engine's steps (default ${DEFAULT-VALUE}).")
  int atOnce = 16;

  @Option(
      names = "--precision",
      paramLabel = "P",
      description = "Tasks: auto, f32, bf16 or int8 (default ${DEFAULT-VALUE}).")
  String precision = "auto";

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Tasks: writes results there as JSON, every question with its answer and verdict.")
  @Nullable Path out;

  /**
   * Refuses what has no meaning for dialogues.
   *
   * @throws IOException with a sentence
   */
  public void refuseForDialogues(Path file) throws IOException {
    String wrong =
        shots != 0
            ? "--shots"
            : shotsFrom != null
                ? "--shots-from"
                : raw ? "--raw" : match != null ? "--match" : out != null ? "--out" : null;
    if (wrong != null) {
      throw new IOException(
          wrong
              + " is for tasks, but the first row of "
              + file
              + " is none: a task has \"question\" with \"choices\" and \"answer\", \"question\""
              + " with \"answers\", or a harness's \"arguments\" with \"target\".");
    }
  }
}
