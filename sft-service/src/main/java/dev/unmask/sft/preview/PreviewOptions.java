package dev.unmask.sft.preview;

import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.Packing;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line; the options of {@code unmask data preview} by the same names. */
@Command
final class PreviewOptions {

  @Parameters(paramLabel = "FILE")
  Path file = Path.of("");

  @Option(names = "--model", required = true)
  Path model = Path.of("");

  @Option(names = "--format")
  @Nullable String format;

  @Option(names = "--rows")
  int rows = 3;

  @Option(names = "--max-length")
  @Nullable Integer maxLength;

  @Option(names = "--overlong")
  @Nullable Overlong overlong;

  @Option(names = "--packing")
  @Nullable Packing packing;

  @Option(names = "--batch-size")
  @Nullable Integer batchRows;

  @Option(names = "--max-bad-rows")
  double maxBadRows = 0.1;

  @Option(names = "--json")
  boolean json;

  @Option(names = "--colour")
  boolean colour;
}
