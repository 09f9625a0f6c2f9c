package dev.unmask.cli.golden;

import dev.unmask.cli.Session;
import dev.unmask.cli.process.EngineProcess;
import dev.unmask.cli.process.Rooms;
import java.util.List;

/** The library's own golden command, in a child JVM. */
final class GoldenProcess {

  private static final String RUNNER = "dev.unmask.model.golden.GoldenMain";
  private static final int HEAP = 1024;

  private GoldenProcess() {}

  /** Runs it on this terminal and returns its exit code. */
  static int run(Session session, List<String> arguments) {
    return EngineProcess.run(session, Rooms.TRAINER, RUNNER, HEAP, arguments);
  }

  /** Runs it and returns the lines it printed. */
  static List<String> read(Session session, List<String> arguments) {
    return EngineProcess.read(session, Rooms.TRAINER, RUNNER, HEAP, arguments);
  }
}
