package dev.unmask.cli.tools;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.Jvm;
import dev.unmask.cli.process.Rooms;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a main class of a room in a child JVM that shares this terminal, and waits for it. The
 * engine never runs in the command's own process: a crash there must not take the command along.
 */
final class EngineProcess {

  private static final long GRACE_SECONDS = 60;

  private EngineProcess() {}

  /**
   * Runs a class to its end. When this process is asked to end, the child is asked first.
   *
   * @param room whose class path it gets
   * @return the child's exit code
   */
  static int run(Session session, String room, String mainClass, int heap, List<String> arguments) {
    List<String> command =
        Jvm.withHeap(heap)
            .withPyTorch(session.environment())
            .main(new Rooms(session.home()).runner(room).toString(), mainClass, arguments);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().putAll(Jvm.pyTorchEnvironment(session.environment()));
    try {
      Process child = builder.start();
      Thread hook = new Thread(() -> end(child), "end-child");
      Runtime.getRuntime().addShutdownHook(hook);
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
