package dev.unmask.cli.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What the operating system says about the machine. Linux says most; elsewhere less is known. */
public final class MachineFacts {

  /** Processor features that decide how fast the engine is, as Linux names them. */
  private static final List<String> FEATURES =
      List.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8");

  private MachineFacts() {}

  static void addTo(ObjectNode facts) {
    facts.put("java_home", System.getProperty("java.home"));
    addHardwareTo(facts);
    memory("MemAvailable").ifPresent(megabytes -> facts.put("memory_available_mb", megabytes));
  }

  /** What a measurement depends on; names neither the machine nor a folder. */
  public static void addHardwareTo(ObjectNode facts) {
    facts.put("java", Runtime.version().toString());
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    cpu("model name").ifPresent(model -> facts.put("processor", model));
    facts.put("processors", Runtime.getRuntime().availableProcessors());
    Set<String> flags =
        cpu("flags")
            .map(line -> Arrays.stream(line.split("\\s+", -1)).collect(Collectors.toSet()))
            .orElse(Set.of());
    FEATURES.stream().filter(flags::contains).forEach(facts.putArray("features")::add);
    memory("MemTotal").ifPresent(megabytes -> facts.put("memory_mb", megabytes));
  }

  private static Optional<String> cpu(String name) {
    return value("/proc/cpuinfo", name);
  }

  private static Optional<Long> memory(String name) {
    return value("/proc/meminfo", name)
        .map(text -> text.replaceAll("[^0-9]", ""))
        .filter(digits -> !digits.isEmpty() && digits.length() < 18)
        .map(digits -> Long.parseLong(digits) / 1024);
  }

  private static Optional<String> value(String file, String name) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(line -> line.startsWith(name) && line.indexOf(':') >= 0)
          .filter(line -> line.substring(0, line.indexOf(':')).strip().equals(name))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
