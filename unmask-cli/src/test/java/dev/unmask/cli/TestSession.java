package dev.unmask.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** A command line without a process: runs commands and keeps what they print. */
public final class TestSession {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Session session;

  public TestSession(Path home) {
    this(home, Map.of(), "");
  }

  public TestSession(Path home, Map<String, String> environment, String input) {
    this.session =
        new Session(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            false,
            false,
            environment,
            home);
  }

  public Session session() {
    return session;
  }

  /** Runs a command line and returns its exit code. */
  public int run(String... args) {
    return Main.run(session, args);
  }

  public String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  public String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
