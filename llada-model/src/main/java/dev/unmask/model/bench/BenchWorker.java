package dev.unmask.model.bench;

import dev.unmask.model.engine.EngineException;
import dev.unmask.model.transformer.LoadedModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One engine process among several. It says {@code ready}; for every line {@code run SECONDS} it
 * runs whole requests that long and answers with a JSON object; it ends with its input.
 */
final class BenchWorker {

  private static final String RUN = "run ";

  private BenchWorker() {}

  static void run(BenchOptions options, LoadedModel model)
      throws IOException, EngineException, InterruptedException {
    Workload workload = new Workload(options, model.config());
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var unused = RequestRun.run(model, workload, options.requests(), 1);
    System.out.println("ready");
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      if (!order.startsWith(RUN)) {
        throw new IOException("the order is " + order + "; it must be run SECONDS");
      }
      double seconds = Double.parseDouble(order.substring(RUN.length()));
      RequestRun.Outcome outcome = RequestRun.run(model, workload, options.requests(), seconds);
      System.out.printf(
          Locale.ROOT,
          "{\"seconds\":%.3f,\"committed\":%d,\"computed\":%d,\"steps\":%d}%n",
          outcome.seconds(),
          outcome.committed(),
          outcome.computed(),
          outcome.steps());
      System.out.flush();
    }
  }
}
