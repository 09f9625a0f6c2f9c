package dev.unmask.cli.bench.engine;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.EngineProcess;
import dev.unmask.cli.process.Rooms;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Several engine processes at once against each of them alone, in turns. */
final class EngineProcesses implements AutoCloseable {

  private static final String MAIN = "dev.unmask.model.bench.BenchMain";
  private static final long GRACE_SECONDS = 30;

  /** One child and its conversation. */
  private record Worker(Process process, BufferedReader out, Writer in) {

    void order(double seconds) throws IOException {
      in.write("run " + seconds + "\n");
      in.flush();
    }

    String answer() throws IOException {
      String line = out.readLine();
      if (line == null) {
        throw new CliException("an engine process ended; it has said why");
      }
      return line;
    }

    /** Positions a second: with the same requests on all sides a fair measure of work. */
    double rate() throws IOException {
      ObjectNode answer = BenchEngineCommand.json(answer());
      return answer.path("computed").asDouble() / answer.path("seconds").asDouble();
    }
  }

  private final List<Worker> workers = new ArrayList<>();

  private EngineProcesses() {}

  /** Measures so many rounds as the options say; the best one of each kind counts. */
  static ObjectNode measure(
      Session session, int processes, List<String> arguments, EngineLoadOptions load)
      throws InterruptedException {
    ObjectNode result = Json.object();
    ObjectNode settings = result.putObject("settings");
    for (int i = 2; i < arguments.size(); i += 2) {
      settings.put(arguments.get(i).substring(2), arguments.get(i + 1));
    }
    settings.put("processes", processes);
    try (EngineProcesses running = new EngineProcesses()) {
      running.start(session, processes, arguments);
      ArrayNode rounds = result.putArray("rounds");
      double alone = 0;
      double together = 0;
      for (int round = 0; round < load.rounds(); round++) {
        double one = running.alone(load.seconds());
        double all = running.together(load.seconds());
        rounds.addObject().put("one", Math.round(one)).put("together", Math.round(all));
        alone = Math.max(alone, one);
        together = Math.max(together, all);
        session.remark("round " + (round + 1) + " of " + load.rounds() + ": x " + all / one);
      }
      result.put("one_positions_per_second", Math.round(alone));
      result.put("together_positions_per_second", Math.round(together));
      result.put("gain", Math.round(1000 * together / alone) / 1000.0);
    } catch (IOException e) {
      throw new CliException("an engine process could not be reached: " + e.getMessage(), e);
    }
    return result;
  }

  private void start(Session session, int processes, List<String> arguments) throws IOException {
    for (int i = 0; i < processes; i++) {
      Process process =
          EngineProcess.builder(session, Rooms.TRAINER, MAIN, BenchEngineCommand.HEAP, arguments)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      workers.add(
          new Worker(
              process,
              process.inputReader(StandardCharsets.UTF_8),
              process.outputWriter(StandardCharsets.UTF_8)));
    }
    for (Worker worker : workers) {
      String said = worker.answer();
      if (!said.equals("ready")) {
        throw new CliException("an engine process should say ready, but said: " + said);
      }
    }
  }

  /** The mean of each process by itself, while the others wait. */
  private double alone(double seconds) throws IOException {
    double sum = 0;
    for (Worker worker : workers) {
      worker.order(seconds);
      sum += worker.rate();
    }
    return sum / workers.size();
  }

  private double together(double seconds) throws IOException {
    for (Worker worker : workers) {
      worker.order(seconds);
    }
    double sum = 0;
    for (Worker worker : workers) {
      sum += worker.rate();
    }
    return sum;
  }

  @Override
  public void close() throws InterruptedException {
    for (Worker worker : workers) {
      try {
        worker.in().close();
      } catch (IOException e) {
        // It has ended already.
      }
    }
    for (Worker worker : workers) {
      if (!worker.process().waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        worker.process().destroyForcibly();
      }
    }
  }
}
