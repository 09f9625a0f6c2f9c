package dev.unmask.cli.process;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a main class of a room in a child JVM that shares this terminal, and waits for it. The
 * engine never runs in the command's own process: a crash there must not take the command along.
 */
public final class EngineProcess {

  private static final long GRACE_SECONDS = 60;

  private EngineProcess() {}

  /**
   * Runs a class to its end and returns what it printed, line by line. Its errors go to this
   * terminal.
   *
   * @throws CliException when it failed; the child has said why
   */
  public static List<String> read(
      Session session, String room, String mainClass, int heap, List<String> arguments) {
    return read(builder(session, room, mainClass, heap, arguments));
  }

  /** {@link #read} of a class that trains, in the environment that a trainer has. */
  public static List<String> readTraining(
      Session session, String room, String mainClass, int heap, List<String> arguments) {
    ProcessBuilder builder = builder(session, room, mainClass, heap, arguments);
    builder.environment().putAll(Jvm.trainingEnvironment(session.environment()));
    return read(builder);
  }

  private static List<String> read(ProcessBuilder builder) {
    List<String> lines = new ArrayList<>();
    int code =
        run(
            builder.redirectError(ProcessBuilder.Redirect.INHERIT),
            child -> {
              try (BufferedReader output = child.inputReader(StandardCharsets.UTF_8)) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                  lines.add(line);
                }
              }
            });
    if (code == CliException.USAGE) {
      throw CliException.usage(
          "the engine's process was given a wrong argument; it has said which");
    }
    if (code != 0) {
      throw new CliException("the engine's process failed; it has said why");
    }
    return lines;
  }

  /**
   * Runs a class to its end. When this process is asked to end, the child is asked first.
   *
   * @param room whose class path it gets
   * @return the child's exit code
   */
  public static int run(
      Session session, String room, String mainClass, int heap, List<String> arguments) {
    return run(builder(session, room, mainClass, heap, arguments).inheritIO(), child -> {});
  }

  /** What is done while a child runs. */
  private interface Meanwhile {
    void with(Process child) throws IOException;
  }

  /** The command line and environment of such a child, for whoever talks with it. */
  public static ProcessBuilder builder(
      Session session, String room, String mainClass, int heap, List<String> arguments) {
    List<String> command =
        Jvm.withHeap(heap)
            .withPyTorch(session.environment())
            // The rooms' class paths hold JBoss's loggers, which complain about another manager.
            .property("java.util.logging.manager", "org.jboss.logmanager.LogManager")
            .main(new Rooms(session.home()).runner(room).toString(), mainClass, arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(Jvm.pyTorchEnvironment(session.environment()));
    return builder;
  }

  private static int run(ProcessBuilder builder, Meanwhile meanwhile) {
    try {
      Process child = builder.start();
      Thread hook = new Thread(() -> end(child), "end-child");
      Runtime.getRuntime().addShutdownHook(hook);
      meanwhile.with(child);
      int code = child.waitFor();
      boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
      return code;
    } catch (IOException e) {
      throw new CliException("a child process could not be started: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException("interrupted while a child process ran", e);
    }
  }

  private static void end(Process child) {
    child.destroy();
    try {
      if (!child.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        child.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
