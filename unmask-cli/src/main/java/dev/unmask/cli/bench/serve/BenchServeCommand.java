package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.generate.RequestOptions;
import dev.unmask.cli.up.ScriptedCluster;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench serve}: latency and throughput of a running cluster. */
@Command(
    name = "serve",
    description = {
      "Measures a running cluster as its callers see it, and prints one JSON object. With",
      "--concurrency every caller asks again when it has its answer; with --rate requests come at",
      "random times whatever is under way, and what they wait counts from when they were to be",
      "sent. Durations in milliseconds: latency of the whole call, the queue for a sampler, the",
      "engine, and the overhead, which is everything else: gateway, Kafka and gRPC."
    })
public final class BenchServeCommand implements Callable<Integer> {

  private final Session session;
  @Mixin private EndpointOption endpoint;
  @Mixin private RequestOptions options;
  @Mixin private ScriptedOptions scripted;

  @Option(
      names = "--concurrency",
      paramLabel = "N,N",
      split = ",",
      description = "Closed loop: callers at the same time, one run for each; default 1,16.")
  private List<Integer> concurrency = List.of();

  @Option(
      names = "--rate",
      paramLabel = "R,R",
      split = ",",
      description = "Open loop: requests a second on average, one run for each.")
  private List<Double> rates = List.of();

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "64",
      description = "Requests of each run; default ${DEFAULT-VALUE}.")
  private int requests = 64;

  @Option(
      names = "--warm-up",
      paramLabel = "N",
      defaultValue = "4",
      description = "Requests before the first run that do not count; default ${DEFAULT-VALUE}.")
  private int warmUp = 4;

  @Option(
      names = "--stream",
      description = "Watch the answers grow, and measure the time to the first committed text.")
  private boolean stream;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "A question to ask, several in turn; default: a few short and longer ones.")
  private List<String> prompts = List.of();

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description = "The questions from a file, one a line.")
  private @Nullable Path promptFile;

  @Option(
      names = "--arrivals-seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Fixes the random times of an open loop; default ${DEFAULT-VALUE}.")
  private long arrivalsSeed = 1;

  @Mixin private RecordOption record;

  public BenchServeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException {
    check();
    record.check(session.home());
    List<GenerateRequest> asked = asked();
    boolean failed;
    ObjectNode result = Json.object().put("what", "bench serve");
    if (scripted.wanted()) {
      scripted.writeTo(result.putObject("scripted"));
      try (ScriptedCluster cluster =
          ScriptedCluster.start(
              session, scripted.slots(), scripted.serviceMillis(), scripted.doors())) {
        failed = measure(cluster.client(), asked, result);
      }
    } else {
      failed = measure(GatewayClient.open(session, endpoint), asked, result);
    }
    session.out().println(Json.line(result));
    record.append(session.home(), result);
    return failed ? CliException.FAILED : 0;
  }

  private void check() {
    if (requests < 1 || concurrency.stream().anyMatch(callers -> callers < 1)) {
      throw CliException.usage("--requests and every --concurrency must be at least 1");
    }
    if (warmUp < 0) {
      throw CliException.usage("--warm-up is " + warmUp + "; it is 0 or more");
    }
    if (!rates.stream().allMatch(rate -> rate > 0 && rate <= 100_000)) {
      throw CliException.usage("every --rate is above 0 and at most 100000 requests a second");
    }
    if (promptFile != null && !prompts.isEmpty()) {
      throw CliException.usage("give the prompts by --prompt or by --prompts, not by both");
    }
    if (scripted.wanted() && endpoint.address() != null) {
      throw CliException.usage(
          "--scripted starts a cluster of its own, so it cannot measure the one at --endpoint");
    }
    scripted.check();
  }

  private List<GenerateRequest> asked() {
    List<String> texts = prompts.isEmpty() ? Prompts.MIX : prompts;
    if (promptFile != null) {
      texts = Prompts.in(promptFile);
    }
    return texts.stream()
        .map(text ->
            options
                .request()
                .setMessages(
                    Messages.newBuilder()
                        .addMessages(Message.newBuilder().setRole("user").setContent(text)))
                .build())
        .toList();
  }

  private List<Load> loads() {
    List<Load> loads = new ArrayList<>();
    List<Integer> closed = concurrency.isEmpty() && rates.isEmpty() ? List.of(1, 16) : concurrency;
    closed.forEach(callers -> loads.add(new Load.Closed(callers)));
    rates.forEach(rate -> loads.add(new Load.Open(rate, arrivalsSeed)));
    return loads;
  }

  /**
   * Makes every run and writes it into {@code result}.
   *
   * @param opened is closed at the end
   * @return whether a call failed
   */
  private boolean measure(GatewayClient opened, List<GenerateRequest> asked, ObjectNode result)
      throws InterruptedException {
    boolean failed = false;
    try (GatewayClient client = opened) {
      // Also the check that the cluster answers at all: this one may fail with a sentence.
      GenerateResponse first = client.generation().generate(asked.getFirst());
      result.put("model", first.getModel());
      result.put("model_digest", first.getModelDigest());
      result.put("mode", stream ? "stream" : "unary");
      result.put("prompts", asked.size());
      Caller caller = new Caller(client.generationLater(), asked, stream);
      List<Load> loads = loads();
      int together = loads.getFirst() instanceof Load.Closed closed ? closed.callers() : 4;
      var unused = new Load.Closed(together).run(caller, warmUp);
      for (Load load : loads) {
        double busy = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        RunReport run = new RunReport(load, stream, load.run(caller, requests));
        result.withArray("runs").add(run.json().put("load_average", busy));
        failed |= run.failed() > 0;
        session.remark(run.line());
        run.firstFailure().ifPresent(why -> session.remark("a request failed: " + why));
      }
    }
    return failed;
  }
}
