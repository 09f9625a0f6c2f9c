package dev.unmask.cli.process;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A short-lived child JVM with the engine on its class path, whose output is read and not shown.
 */
public final class QuietChild {

  private static final int HEAP = 512;

  /**
   * What a child left behind.
   *
   * @param exitCode more than 128 when the process was ended by a signal, as a native crash does
   * @param out its standard output, line by line
   * @param err its standard error
   */
  public record Printed(int exitCode, List<String> out, List<String> err) {

    /**
     * The JSON object that it printed.
     *
     * @param otherwise what to say when it printed none
     */
    public ObjectNode object(String otherwise) {
      return out.stream()
          .flatMap(line -> object(line, new ObjectMapper()).stream())
          .findFirst()
          .orElseThrow(() -> new CliException(otherwise + ": " + String.join(" ", err)));
    }

    private static Optional<ObjectNode> object(String line, ObjectMapper json) {
      try {
        return line.startsWith("{") && json.readTree(line) instanceof ObjectNode node
            ? Optional.of(node)
            : Optional.empty();
      } catch (JsonProcessingException e) {
        return Optional.empty();
      }
    }
  }

  private QuietChild() {}

  /**
   * Runs a main class with the trainer's class path to its end.
   *
   * @param environment on top of what every such process gets
   */
  public static Printed run(
      Session session, String mainClass, Map<String, String> environment, String... arguments) {
    List<String> command =
        Jvm.withHeap(HEAP)
            .quick()
            .withPyTorch(session.environment())
            .flags("-XX:-CreateCoredumpOnCrash")
            .main(
                new Rooms(session.home()).runner(Rooms.TRAINER).toString(),
                mainClass,
                List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(Jvm.pyTorchEnvironment(session.environment()));
    builder.environment().putAll(environment);
    try {
      Path errors = Files.createTempFile("unmask-child", ".err");
      try {
        Process child = builder.redirectError(errors.toFile()).start();
        child.getOutputStream().close();
        List<String> out;
        try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
          out = lines.lines().toList();
        }
        return new Printed(child.waitFor(), out, Files.readAllLines(errors));
      } finally {
        Files.deleteIfExists(errors);
      }
    } catch (IOException e) {
      throw new CliException("a child process could not be run: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException("interrupted while a child process ran", e);
    }
  }
}
