package dev.unmask.cli.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.generate.RequestOptions;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench serve}: latency and throughput of a running cluster. */
@Command(
    name = "serve",
    description = {
      "Asks a running cluster in a closed loop: every caller asks again when it has its answer.",
      "Prints one JSON object: latency percentiles and tokens a second at each concurrency."
    })
public final class BenchServeCommand implements Callable<Integer> {

  private static final int WARM_UP = 4;

  private final Session session;
  @Mixin private EndpointOption endpoint;
  @Mixin private RequestOptions options;

  @Option(
      names = "--concurrency",
      paramLabel = "N,N",
      split = ",",
      defaultValue = "1,16",
      description = "Callers at the same time, one run for each; default ${DEFAULT-VALUE}.")
  private List<Integer> concurrency = List.of();

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "64",
      description = "Requests of each run; default ${DEFAULT-VALUE}.")
  private int requests = 64;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "A question to ask, several in turn; default: a few short ones.")
  private List<String> prompts =
      List.of(
          "What is the capital of France?",
          "Hello, who are you?",
          "What is 3 + 4?",
          "Tell me something about the sea.");

  public BenchServeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (requests < 1 || concurrency.stream().anyMatch(callers -> callers < 1)) {
      throw CliException.usage("--requests and every --concurrency must be at least 1");
    }
    List<GenerateRequest> asked = prompts.stream().map(this::request).toList();
    boolean failed = false;
    try (GatewayClient client = GatewayClient.open(session, endpoint.address())) {
      // Also the check that the cluster answers at all: this one may fail with a sentence.
      GenerateResponse first = client.generation().generate(asked.getFirst());
      ClosedLoop loop = new ClosedLoop(client, asked);
      var unused = loop.run(1, WARM_UP);
      ObjectNode result = Json.object();
      result.put("model", first.getModel());
      result.put("model_digest", first.getModelDigest());
      for (int callers : concurrency) {
        ClosedLoop.Measured run = loop.run(callers, requests);
        result.withArray("runs").add(json(run));
        failed |= run.failed() > 0;
        run.firstFailure().ifPresent(why -> session.remark("a request failed: " + why));
      }
      session.out().println(Json.line(result));
    }
    return failed ? CliException.FAILED : 0;
  }

  private GenerateRequest request(String prompt) {
    return options
        .request()
        .setMessages(
            Messages.newBuilder()
                .addMessages(Message.newBuilder().setRole("user").setContent(prompt)))
        .build();
  }

  /** The object of one run. */
  static ObjectNode json(ClosedLoop.Measured run) {
    double seconds = run.wall().toNanos() / 1e9;
    LatencySummary latency = LatencySummary.of(run.millis());
    ObjectNode node = Json.object();
    node.put("concurrency", run.concurrency());
    node.put("requests", run.millis().size() + run.failed());
    node.put("failed", run.failed());
    node.put("seconds", seconds);
    node.put("requests_per_second", run.millis().size() / seconds);
    node.put("tokens_per_second", run.answerTokens() / seconds);
    node.put("canvas_tokens_per_second", run.canvasTokens() / seconds);
    ObjectNode millis = node.putObject("latency_ms");
    millis.put("p50", latency.p50());
    millis.put("p90", latency.p90());
    millis.put("p99", latency.p99());
    millis.put("mean", latency.mean());
    millis.put("max", latency.max());
    return node;
  }
}
