package dev.unmask.sft.tasks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask eval compare}: results files side by side, as a table and as a drawing. */
@Command(
    name = "unmask eval compare",
    description = {
      "Compares results that `unmask eval … --out FILE` wrote: a table in Markdown, a line for each"
          + " task and a column for each file, with 95 % intervals."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills what is required.
public final class CompareMain implements Callable<Integer> {

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Results files.")
  List<Path> files;

  @Option(
      names = "--plot",
      paramLabel = "FILE.svg",
      description = "Also draws them there, as bars with their intervals.")
  @Nullable Path plot;

  @Override
  public Integer call() throws IOException {
    List<ResultsFile> results = new ArrayList<>();
    for (Path file : files) {
      if (!Files.isReadable(file)) {
        throw new IOException("The file " + file + " cannot be read.");
      }
      results.add(ResultsFile.read(file));
    }
    System.out.print(table(results));
    if (plot != null) {
      Files.writeString(plot, ResultsPlot.svg(results));
    }
    return 0;
  }

  /** A table in Markdown. */
  static String table(List<ResultsFile> results) {
    StringBuilder out = new StringBuilder("| task |");
    results.forEach(file -> out.append(' ').append(file.name()).append(" |"));
    out.append("\n| --- |").append(" --- |".repeat(results.size())).append('\n');
    TreeSet<String> tasks = new TreeSet<>();
    results.forEach(file -> tasks.addAll(file.tasks().keySet()));
    for (String task : tasks) {
      out.append("| ").append(task).append(" |");
      results.forEach(file -> out.append(cell(file.tasks().get(task))));
      out.append('\n');
    }
    out.append("| all |");
    results.forEach(file -> out.append(cell(file.all())));
    return out.append('\n').toString();
  }

  private static String cell(ResultsFile.@Nullable Share share) {
    return share == null
        ? " – |"
        : String.format(
            Locale.ROOT,
            " %.1f %% (%.0f–%.0f, n = %d) |",
            100 * share.accuracy(),
            100 * share.low(),
            100 * share.high(),
            share.n());
  }
}
