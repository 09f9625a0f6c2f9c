package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.tools.MachineFacts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/** {@code docs/perf-history.jsonl} of a checkout: one measurement a line, with what it ran on. */
public final class PerfHistory {

  private final Path home;

  /**
   * @param home the checkout
   */
  public PerfHistory(Path home) {
    this.home = home;
  }

  /**
   * The file.
   *
   * @throws CliException when this is no checkout
   */
  public Path file() {
    Path docs = home.resolve("docs");
    if (!Files.isDirectory(docs)) {
      throw new CliException(
          "--record appends to docs/perf-history.jsonl of the checkout, and "
              + home
              + " has no folder docs");
    }
    return docs.resolve("perf-history.jsonl");
  }

  /** Appends a measurement. The line names neither the machine nor a folder. */
  public void append(ObjectNode measurement) {
    ObjectNode line = Json.object();
    line.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    line.put("commit", commit());
    line.setAll(measurement);
    MachineFacts.addHardwareTo(line.putObject("machine"));
    try {
      Files.writeString(
          file(),
          Json.line(line) + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new CliException("the measurement could not be recorded: " + e.getMessage(), e);
    }
  }

  /** The commit that was measured, with {@code -dirty} behind it when files differ from it. */
  private String commit() {
    try {
      Process git =
          new ProcessBuilder(List.of("git", "describe", "--always", "--dirty", "--exclude=*"))
              .directory(home.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 ? said : "unknown";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
