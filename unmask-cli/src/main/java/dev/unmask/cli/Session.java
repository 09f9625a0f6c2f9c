package dev.unmask.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * What one run of the command line has around it: streams, environment, the checkout it runs from.
 * Commands take everything from here, so that a test can stand in for the process.
 */
public final class Session {

  private final PrintStream out;
  private final PrintStream err;
  private final InputStream in;
  private final boolean outIsTerminal;
  private final boolean errIsTerminal;
  private final Map<String, String> environment;
  private final Path home;
  private boolean json;

  public Session(
      PrintStream out,
      PrintStream err,
      InputStream in,
      boolean outIsTerminal,
      boolean errIsTerminal,
      Map<String, String> environment,
      Path home) {
    this.out = out;
    this.err = err;
    this.in = in;
    this.outIsTerminal = outIsTerminal;
    this.errIsTerminal = errIsTerminal;
    this.environment = Map.copyOf(environment);
    this.home = home;
  }

  /**
   * The session of this process. The start script knows what is a terminal and where the checkout
   * is, and says so in system properties.
   */
  static Session ofProcess() {
    return new Session(
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        System.in,
        Boolean.getBoolean("unmask.out.terminal"),
        Boolean.getBoolean("unmask.err.terminal"),
        System.getenv(),
        Path.of(System.getProperty("unmask.home", ".")).toAbsolutePath().normalize());
  }

  /** Standard output, UTF-8. Answers and results go here, and nothing else. */
  public PrintStream out() {
    return out;
  }

  /** Standard error, UTF-8: errors and remarks. */
  public PrintStream err() {
    return err;
  }

  public InputStream in() {
    return in;
  }

  /** Whether a person watches standard output. */
  public boolean outIsTerminal() {
    return outIsTerminal;
  }

  /** Whether a person watches standard error. */
  public boolean errIsTerminal() {
    return errIsTerminal;
  }

  /** Whether colours may be used on standard output; see no-color.org for the variable. */
  public boolean colour() {
    return outIsTerminal && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  public Map<String, String> environment() {
    return environment;
  }

  /** The checkout: services and models are found below it. */
  public Path home() {
    return home;
  }

  /** Whether results are wanted as JSON. */
  public boolean json() {
    return json;
  }

  void json(boolean wanted) {
    json = wanted;
  }

  /** Prints a remark of this program, as opposed to a result. */
  public void remark(String sentence) {
    err.println("unmask: " + sentence);
  }
}
