package dev.unmask.model.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resident memory of this process by Linux's account; 0 elsewhere. */
final class Memory {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path MACHINE = Path.of("/proc/meminfo");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  private Memory() {}

  /** Now, in MiB. */
  static long residentMegabytes() {
    return read("VmRSS:");
  }

  /** The most since the start or {@link #forgetPeak}, in MiB. */
  static long peakMegabytes() {
    return read("VmHWM:");
  }

  /** Starts the peak again from what is resident now, where the system allows that. */
  static void forgetPeak() {
    try {
      Files.writeString(RESET, "5");
    } catch (IOException e) {
      // The peak then includes what came before; it is only ever too high.
    }
  }

  /** What the machine has left, in bytes; without a limit where it does not say. */
  static long availableBytes() {
    long kilobytes = 1024 * read(MACHINE, "MemAvailable:");
    return kilobytes == 0 ? Long.MAX_VALUE : 1024 * kilobytes;
  }

  private static long read(String field) {
    return read(STATUS, field);
  }

  private static long read(Path file, String field) {
    try (var lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(field))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
