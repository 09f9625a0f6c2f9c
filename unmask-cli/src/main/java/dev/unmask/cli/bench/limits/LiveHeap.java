package dev.unmask.cli.bench.limits;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Bytes that a Java process reaches, measured by its own full collection. */
final class LiveHeap {

  private LiveHeap() {}

  /** Collects the garbage of a process of the same Java and the same user; the bytes left. */
  static long of(long pid) throws InterruptedException {
    try {
      Process jcmd =
          new ProcessBuilder(
                  List.of(
                      Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                      String.valueOf(pid),
                      "GC.class_histogram"))
              .redirectErrorStream(true)
              .start();
      String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (jcmd.waitFor() == 0) {
        for (String line : said.lines().toList()) {
          // "Total       123456       12345678": instances, then bytes.
          if (line.startsWith("Total")) {
            String[] columns = line.trim().split("\\s+", -1);
            return Long.parseLong(columns[columns.length - 1]);
          }
        }
      }
      throw new CliException(
          "jcmd did not say what process "
              + pid
              + " reaches: "
              + said.lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new CliException("jcmd of " + System.getProperty("java.home") + " does not run", e);
    }
  }
}
