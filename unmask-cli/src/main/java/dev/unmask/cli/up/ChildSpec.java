package dev.unmask.cli.up;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How to run one child process.
 *
 * @param name for people and for its log, for example {@code sampler-1}
 * @param command program and arguments
 * @param environment added to this process's own
 * @param log where its output is appended
 * @param readiness how it shows that it is ready
 */
record ChildSpec(
    String name,
    List<String> command,
    Map<String, String> environment,
    Path log,
    Readiness readiness) {

  ChildSpec {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /** How a child shows that it is ready. */
  sealed interface Readiness {

    /**
     * It answers 200 to a GET.
     *
     * @param trusted PEM of who vouches for it, for https
     */
    record HttpOk(URI address, Optional<Path> trusted) implements Readiness {}

    /** It writes a line that starts so to its log. */
    record LogLine(String prefix) implements Readiness {}
  }
}
