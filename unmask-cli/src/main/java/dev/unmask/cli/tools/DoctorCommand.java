package dev.unmask.cli.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.cli.process.Jvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** {@code unmask doctor}: what of this machine matters to the engine. */
@Command(
    name = "doctor",
    description =
        "The machine's facts: Java, processor features, memory, native libraries, cluster.")
public final class DoctorCommand implements java.util.concurrent.Callable<Integer> {

  /** Processor features that decide how fast the engine is, as Linux names them. */
  private static final List<String> FEATURES =
      List.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16");

  private final Session session;

  public DoctorCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Set<String> flags = processorFlags();
    ObjectNode facts = Json.object();
    facts.put("java", Runtime.version().toString());
    facts.put("java_home", System.getProperty("java.home"));
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    facts.put("processors", Runtime.getRuntime().availableProcessors());
    FEATURES.stream().filter(flags::contains).forEach(facts.putArray("features")::add);
    facts.put(
        "fast_precision",
        flags.contains("amx_bf16") || flags.contains("avx512_bf16") ? "bf16" : "f32");
    memory("MemTotal").ifPresent(megabytes -> facts.put("memory_mb", megabytes));
    memory("MemAvailable").ifPresent(megabytes -> facts.put("memory_available_mb", megabytes));
    Path natives = Path.of(Jvm.pyTorchEnvironment(session.environment()).get("DJL_CACHE_DIR"));
    facts.put("native_libraries", natives.toString());
    facts.put("native_libraries_unpacked", Files.isDirectory(natives.resolve("pytorch")));
    facts.put("cluster", Discovery.local(session).map(Endpoints::grpc).orElse("none runs here"));
    if (session.json()) {
      session.out().println(Json.line(facts));
    } else {
      facts
          .properties()
          .forEach(fact ->
              session
                  .out()
                  .printf(
                      "%-26s %s%n",
                      fact.getKey().replace('_', ' '),
                      fact.getValue().isArray()
                          ? fact.getValue().toString()
                          : fact.getValue().asText()));
    }
    return 0;
  }

  private static Set<String> processorFlags() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> Arrays.stream(line.split("\\s+", -1)).collect(Collectors.toSet()))
          .orElse(Set.of());
    } catch (IOException e) {
      return Set.of();
    }
  }

  private static Optional<Long> memory(String name) {
    try {
      return Files.readAllLines(Path.of("/proc/meminfo")).stream()
          .filter(line -> line.startsWith(name + ":"))
          .findFirst()
          .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024);
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }
}
