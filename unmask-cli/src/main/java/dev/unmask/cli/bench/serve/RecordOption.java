package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --record}, as every measurement has it. */
public final class RecordOption {

  @Option(
      names = "--record",
      description = "Append the result to docs/perf-history.jsonl, with commit and machine.")
  private boolean record;

  /**
   * Before a long run: whether its result can be recorded, if it is to be.
   *
   * @param home the checkout
   * @throws CliException when it is none
   */
  public void check(Path home) {
    if (record) {
      Path unusedButThere = new PerfHistory(home).file();
    }
  }

  /** Appends {@code measurement} if it is to be recorded. */
  public void append(Path home, ObjectNode measurement) {
    if (record) {
      new PerfHistory(home).append(measurement);
    }
  }
}
