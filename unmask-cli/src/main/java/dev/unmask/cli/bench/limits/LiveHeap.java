package dev.unmask.cli.bench.limits;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** Bytes that a Java process reaches, measured by its own full collection. */
final class LiveHeap {

  private static final String FILLER = "jdk.internal.vm.Filler";

  private LiveHeap() {}

  /**
   * The sum of a class histogram, without what fills gaps: a collection that leaves some garbage
   * where it lies, because moving the rest would cost more, writes arrays of that name over it, and
   * those are megabytes that nobody reaches.
   */
  static OptionalLong reached(String histogram) {
    long total = -1;
    long filling = 0;
    for (String line : histogram.lines().toList()) {
      String[] columns = line.trim().split("\\s+", -1);
      if (columns[0].equals("Total")) {
        // "Total       123456       12345678": instances, then bytes.
        total = Long.parseLong(columns[columns.length - 1]);
      } else if (columns.length > 3 && columns[3].contains(FILLER)) {
        filling += Long.parseLong(columns[2]);
      }
    }
    return total < 0 ? OptionalLong.empty() : OptionalLong.of(total - filling);
  }

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
        OptionalLong bytes = reached(said);
        if (bytes.isPresent()) {
          return bytes.getAsLong();
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
