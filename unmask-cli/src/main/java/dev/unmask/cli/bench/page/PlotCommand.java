package dev.unmask.cli.bench.page;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code unmask bench plot}: the page of measurements, from their history. */
@Command(
    name = "plot",
    description = {
      "Writes the tables of docs/performance.md and the drawings in docs/performance/ anew from",
      "docs/perf-history.jsonl. The newest record of each setting counts. Text between the tables",
      "stays."
    })
public final class PlotCommand implements Callable<Integer> {

  private final Session session;

  public PlotCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Path docs = session.home().resolve("docs");
    Path page = docs.resolve("performance.md");
    try {
      History history = History.read(docs.resolve("perf-history.jsonl"));
      String text = Files.readString(page);
      for (Map.Entry<String, String> section : Tables.of(history).entrySet()) {
        text = Sections.replace(text, section.getKey(), section.getValue(), page);
      }
      Path folder = Files.createDirectories(docs.resolve("performance"));
      for (Map.Entry<String, String> drawing : Drawings.of(history).entrySet()) {
        Files.writeString(folder.resolve(drawing.getKey() + ".svg"), drawing.getValue());
      }
      Files.writeString(page, text);
      session.remark(history.lines().size() + " records -> " + page);
      return 0;
    } catch (IOException e) {
      throw new CliException("the page could not be written: " + e.getMessage(), e);
    }
  }
}
