package dev.unmask.cli.bench.limits;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.bench.serve.Distribution;
import dev.unmask.cli.bench.serve.RecordOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.cli.up.PrivateCluster;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GetServerInfoRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.Priority;
import dev.unmask.v1.QueueInfo;
import dev.unmask.v1.SubmitJobRequest;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench fairness}: what queued bulk work costs a caller who waits. */
@Command(
    name = "fairness",
    description = {
      "Starts a cluster of its own and asks one question after the other, first with nothing else to"
          + " do, then behind some bulk jobs (four for each question), then behind many, and prints one JSON object: latency, the wait"
          + " for a first step, the time of a step, and by how much the queue delays the first step."
          + " Fails when a request fails, or when bulk jobs had to end before callers were answered."
    })
public final class BenchFairnessCommand implements Callable<Integer> {

  private static final String BASE = "fairness";
  private static final int AT_ONCE = 64;

  private final Session session;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The Hugging Face folder to serve; default: models/unmask-mini.")
  private @Nullable Path model;

  @Option(
      names = "--bulk-queued",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Bulk jobs that wait; default ${DEFAULT-VALUE}.")
  private int queued = 10_000;

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "100",
      description = "Requests in each state; default ${DEFAULT-VALUE}.")
  private int requests = 100;

  @Option(
      names = "--gen-length",
      paramLabel = "N",
      defaultValue = "32",
      description = "Slots of a canvas; default ${DEFAULT-VALUE}.")
  private int slots = 32;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "16",
      description = "Denoising steps of a request; default ${DEFAULT-VALUE}.")
  private int steps = 16;

  @Mixin private RecordOption record;

  public BenchFairnessCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (queued < 1 || requests < 1 || slots < 1 || steps < 1) {
      throw CliException.usage(
          "--bulk-queued, --requests, --gen-length and --steps are at least 1");
    }
    record.check(session.home());
    Path source = model == null ? session.home().resolve("models/unmask-mini") : model;
    Path work = Files.createTempDirectory("unmask-fairness-");
    try {
      Result result = measure(source, work);
      session.out().println(Json.line(result.json()));
      record.append(session.home(), result.json());
      return result.fair() ? 0 : CliException.FAILED;
    } finally {
      WorkFolder.remove(work);
    }
  }

  private record Result(ObjectNode json, boolean fair) {}

  private Result measure(Path source, Path work) throws InterruptedException {
    try (PrivateCluster cluster =
            PrivateCluster.start(
                session, work.resolve("data"), List.of(ModelFolder.at(source, BASE)), Map.of());
        GatewayClient client = GatewayClient.to(cluster.grpc())) {
      Phase unused = ask(client, Math.min(requests, 20));
      Phase alone = ask(client, requests);
      int some = 4 * requests;
      session.remark("asked alone; queueing " + some + " bulk jobs, then " + queued);
      submit(client, some);
      Phase few = ask(client, requests);
      submit(client, queued);
      long before = waiting(client);
      Phase behind = ask(client, requests);
      long after = waiting(client);
      ObjectNode json = Json.object().put("what", "bench fairness");
      json.put("bulk_queued", queued).put("requests", requests);
      json.put("gen_length", slots).put("steps", steps);
      json.put("bulk_waiting_before", before).put("bulk_waiting_after", after);
      alone.writeTo(json.putObject("alone"));
      few.writeTo(json.putObject("behind_few"));
      behind.writeTo(json.putObject("behind_bulk"));
      double delay = behind.queue.percentile(50) - alone.queue.percentile(50);
      json.put("first_step_delay_p50_ms", delay);
      json.put("first_step_delay_p99_ms", behind.queue.percentile(99) - alone.queue.percentile(99));
      json.put("delay_in_steps_p50", delay / behind.step.percentile(50));
      json.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
      session.remark(
          String.format(
              "first step %.1f ms after admission alone, %.1f ms behind %d bulk jobs; a step takes"
                  + " %.1f ms; %d bulk jobs still waited at the end",
              alone.queue.percentile(50),
              behind.queue.percentile(50),
              before,
              behind.step.percentile(50),
              after));
      // Whoever is served in order of arrival sees the queue empty first.
      return new Result(json, after >= queued / 2);
    }
  }

  /** Durations in milliseconds of requests that were made one after the other. */
  private static final class Phase {
    final Distribution latency = new Distribution();
    final Distribution queue = new Distribution();
    final Distribution engine = new Distribution();
    final Distribution step = new Distribution();

    void writeTo(ObjectNode node) {
      latency.writeTo(node.putObject("latency_ms"));
      queue.writeTo(node.putObject("to_first_step_ms"));
      engine.writeTo(node.putObject("engine_ms"));
      step.writeTo(node.putObject("step_ms"));
    }
  }

  private Phase ask(GatewayClient client, int count) {
    Phase phase = new Phase();
    for (int i = 0; i < count; i++) {
      long sent = System.nanoTime();
      GenerateResponse answer =
          client.generation().generate(LongRequests.of("What is " + i + " + 3?", slots, steps));
      phase.latency.add((System.nanoTime() - sent) / 1e6);
      phase.queue.add(answer.getTiming().getQueueMs());
      phase.engine.add(answer.getTiming().getInferenceMs());
      phase.step.add(
          answer.getTiming().getInferenceMs() / Math.max(1, answer.getUsage().getDenoisingSteps()));
    }
    return phase;
  }

  /** Hands in all bulk jobs; returns when the gateway has taken the last one. */
  private void submit(GatewayClient client, int count) throws InterruptedException {
    Semaphore room = new Semaphore(AT_ONCE);
    CountDownLatch taken = new CountDownLatch(count);
    AtomicReference<@Nullable String> failure = new AtomicReference<>();
    for (int i = 0; i < count && failure.get() == null; i++) {
      room.acquire();
      client
          .jobsLater()
          .submit(
              SubmitJobRequest.newBuilder()
                  .setGenerate(LongRequests.of("What is " + i + " + 4?", slots, steps))
                  .setPriority(Priority.PRIORITY_BULK)
                  .build(),
              new StreamObserver<>() {
                @Override
                public void onNext(Job job) {}

                @Override
                public void onError(Throwable cause) {
                  failure.set(StatusSentences.of(Status.fromThrowable(cause).asRuntimeException()));
                  onCompleted();
                }

                @Override
                public void onCompleted() {
                  room.release();
                  taken.countDown();
                }
              });
    }
    String why = failure.get();
    if (why != null) {
      throw new CliException("a bulk job was not taken: " + why);
    }
    taken.await();
  }

  private static long waiting(GatewayClient client) throws InterruptedException {
    // The gateway looks at the brokers twice a second.
    Thread.sleep(1_500);
    return client
        .admin()
        .getServerInfo(GetServerInfoRequest.getDefaultInstance())
        .getQueuesList()
        .stream()
        .mapToLong(QueueInfo::getBulk)
        .sum();
  }
}
