package dev.unmask.sft.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What came out of an experiment.
 *
 * @param setup how it was made, in sentences
 */
record Report(String name, String question, String setup, Chart chart) {

  /** Writes NAME.md and NAME.svg. */
  void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(name + ".svg"), chart.svg());
    StringBuilder page = new StringBuilder();
    page.append("# ").append(chart.title()).append("\n\n").append(question).append("\n\n");
    page.append(setup).append("\n\n");
    page.append("![").append(chart.title()).append("](").append(name).append(".svg)\n\n");
    page.append("Means and 95 % intervals; y is ").append(chart.yLabel()).append(".\n\n| ");
    page.append(chart.xLabel());
    chart.lines().forEach(line -> page.append(" | ").append(line.name()));
    page.append(" |\n|---").append("|---".repeat(chart.lines().size())).append("|\n");
    List<Double> xs =
        chart.lines().stream()
            .flatMap(line -> line.points().stream())
            .map(Point::x)
            .distinct()
            .sorted()
            .toList();
    for (double x : xs) {
      page.append(String.format(Locale.ROOT, "| %s", x == Math.rint(x) ? "" + (long) x : "" + x));
      for (Line line : chart.lines()) {
        page.append(" | ");
        line.points().stream()
            .filter(point -> point.x() == x)
            .findFirst()
            .ifPresent(point ->
                page.append(
                    String.format(
                        Locale.ROOT,
                        "%.3f (%.3f to %.3f)",
                        point.mean(),
                        point.low(),
                        point.high())));
      }
      page.append(" |\n");
    }
    page.append("\nMade by `./unmask experiment ").append(name).append("`.\n");
    Files.writeString(folder.resolve(name + ".md"), page.toString());
  }
}
