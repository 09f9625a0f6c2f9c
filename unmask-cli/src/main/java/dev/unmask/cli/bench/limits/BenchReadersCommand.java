package dev.unmask.cli.bench.limits;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.bench.serve.RecordOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.up.ScriptedCluster;
import dev.unmask.v1.GetJobRequest;
import dev.unmask.v1.GetServerInfoRequest;
import dev.unmask.v1.Priority;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.SubmitJobRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench readers}: what a reader that does not read costs the gateway. */
@Command(
    name = "readers",
    description = {
      "Starts a cluster of its own whose sampler answers by script, opens long streams (steps over"
          + " gRPC, server-sent events, watches of a job), reads all of them or none, and measures"
          + " what the gateway's heap holds for each stream after a full collection. Prints one JSON"
          + " object; fails when a stream that nobody reads holds much more than one that is read."
    })
public final class BenchReadersCommand implements Callable<Integer> {

  /** What a slow reader may hold beyond a fast one: socket windows, one canvas, one text. */
  private static final long MOST_BYTES = 256 * 1024;

  /**
   * Buffers of the network come and go in chunks of megabytes, whoever uses them. Shared by all
   * readers: with a few it would be as much as their streams, and nothing could fail.
   */
  private static final long CHUNKS = 8L << 20;

  /** Text as events is short, and sockets swallow a good deal of it before they are full. */
  private static final int LONGER = 4;

  private static final int HOLD_MS = 40_000;
  private static final long PATIENCE_MS = 35_000;

  private final Session session;

  @Option(
      names = "--readers",
      paramLabel = "N",
      defaultValue = "64",
      description = "Streams at the same time; default ${DEFAULT-VALUE}.")
  private int readers = 64;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "384",
      description = "Steps of a stream; default ${DEFAULT-VALUE}.")
  private int steps = 384;

  @Mixin private RecordOption record;

  public BenchReadersCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (readers < 1 || readers > 128 || steps < 1 || steps > 1_536) {
      throw CliException.usage("--readers is 1 to 128 and --steps 1 to 1536");
    }
    record.check(session.home());
    ObjectNode json = Json.object().put("what", "bench readers");
    json.put("readers", readers).put("steps", steps);
    boolean bounded = true;
    try (ScriptedCluster cluster =
            ScriptedCluster.start(session, readers, 0, HOLD_MS, ScriptedCluster.Doors.OPEN);
        GatewayClient client = GatewayClient.to(cluster.grpc())) {
      bounded &=
          measure(
              json.putObject("grpc"),
              cluster,
              client,
              steps,
              slow -> Reader.canvases(cluster.grpc(), cluster.base(), steps, slow));
      bounded &=
          measure(
              json.putObject("sse"),
              cluster,
              client,
              LONGER * steps,
              slow -> Reader.events(cluster.http(), cluster.base(), LONGER * steps, slow));
      bounded &= watches(json.putObject("watch"), cluster, client);
    }
    session.out().println(Json.line(json));
    record.append(session.home(), json);
    return bounded ? 0 : CliException.FAILED;
  }

  /** Opens one more stream. */
  @FunctionalInterface
  private interface Opening {
    Reader open(boolean slow);
  }

  private boolean measure(
      ObjectNode node, ScriptedCluster cluster, GatewayClient client, int length, Opening opening)
      throws IOException, InterruptedException {
    node.put("steps", length);
    Held unusedWarmUp = streams(cluster, client, length, opening, false);
    Held fast = streams(cluster, client, length, opening, false);
    Held slow = streams(cluster, client, length, opening, true);
    return put(node, fast, slow);
  }

  private Held streams(
      ScriptedCluster cluster, GatewayClient client, int length, Opening opening, boolean slow)
      throws IOException, InterruptedException {
    // What still waits for a slow reader is a start, a step and a text.
    long all = shown(cluster) + (long) readers * (2L * length + 1) - 4L * readers;
    return held(cluster, client, opening, slow, () -> shown(cluster) >= all);
  }

  /** One job that everybody watches: its events are in the gateway's table once. */
  private boolean watches(ObjectNode node, ScriptedCluster cluster, GatewayClient client)
      throws IOException, InterruptedException {
    node.put("steps", steps);
    String job =
        client
            .jobs()
            .submit(
                SubmitJobRequest.newBuilder()
                    .setGenerate(
                        LongRequests.of("Show it.", steps, steps).toBuilder()
                            .setModel(cluster.base())
                            .setDiffusion(LongRequests.onlySteps(steps)))
                    .setPriority(Priority.PRIORITY_INTERACTIVE)
                    .setEvents(StreamMode.STREAM_MODE_STEP_DELTA)
                    .build())
            .getId();
    GetJobRequest get = GetJobRequest.newBuilder().setId(job).build();
    Condition whole = () -> client.jobs().get(get).getLastSeq() > 2L * steps;
    await(whole);
    Opening watch = slow -> Reader.watch(cluster.grpc(), job, slow);
    Held unusedWarmUp = held(cluster, client, watch, false, whole);
    Held fast = held(cluster, client, watch, false, whole);
    Held slow = held(cluster, client, watch, true, whole);
    return put(node, fast, slow);
  }

  /** What is reached when nobody is connected. */
  private static long settled(ScriptedCluster cluster) throws InterruptedException {
    Thread.sleep(2_000);
    return LiveHeap.of(cluster.gatewayPid());
  }

  /**
   * What the gateway held.
   *
   * @param perReader bytes that were reached, beyond those before anybody came
   * @param streamBytes that each reader had read
   * @param merged frames that melted into others
   */
  private record Held(long perReader, long streamBytes, long merged) {}

  /** Whether something has come to its end. */
  @FunctionalInterface
  private interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  private Held held(
      ScriptedCluster cluster,
      GatewayClient client,
      Opening opening,
      boolean slow,
      Condition everythingShown)
      throws IOException, InterruptedException {
    long empty = settled(cluster);
    long mergedBefore = merged(cluster);
    List<Reader> open = new ArrayList<>();
    try {
      for (int i = 0; i < readers; i++) {
        open.add(opening.open(slow));
      }
      await(() -> {
        open.stream()
            .map(Reader::failure)
            .filter(why -> !why.isEmpty())
            .findFirst()
            .ifPresent(why -> {
              throw new CliException("a stream ended: " + why);
            });
        return everythingShown.holds();
      });
      quiet(open);
      long heap = LiveHeap.of(cluster.gatewayPid());
      long read = open.stream().mapToLong(Reader::bytes).sum() / readers;
      return new Held((heap - empty) / readers, read, merged(cluster) - mergedBefore);
    } finally {
      open.forEach(Reader::close);
      await(() ->
          client.admin().getServerInfo(GetServerInfoRequest.getDefaultInstance()).getCalls() == 0);
    }
  }

  private static void await(Condition condition) throws IOException, InterruptedException {
    long until = System.currentTimeMillis() + PATIENCE_MS;
    while (!condition.holds()) {
      if (System.currentTimeMillis() > until) {
        throw new CliException(
            "the streams were not shown completely within "
                + PATIENCE_MS / 1000
                + " s; take fewer"
                + " --readers or --steps");
      }
      Thread.sleep(50);
    }
  }

  /** Waits until nobody reads any more. */
  private static void quiet(List<Reader> open) throws InterruptedException {
    long before = -1;
    for (long now = 0; now != before; now = open.stream().mapToLong(Reader::bytes).sum()) {
      before = now;
      Thread.sleep(300);
    }
  }

  private boolean put(ObjectNode node, Held fast, Held slow) {
    node.put("stream_bytes", fast.streamBytes());
    node.put("read_bytes_slow", slow.streamBytes());
    node.put("heap_bytes_fast", fast.perReader());
    node.put("heap_bytes_slow", slow.perReader());
    node.put("frames_merged_fast", fast.merged());
    node.put("frames_merged_slow", slow.merged());
    long more = (slow.perReader() - fast.perReader()) * readers;
    return more <= MOST_BYTES * readers + CHUNKS;
  }

  private static long shown(ScriptedCluster cluster) throws IOException, InterruptedException {
    return metric(cluster, "unmask_stream_frames_total") + merged(cluster);
  }

  private static long merged(ScriptedCluster cluster) throws IOException, InterruptedException {
    return metric(cluster, "unmask_stream_frames_merged_total");
  }

  /** The sum of a counter over its labels, as Prometheus reads it. */
  private static long metric(ScriptedCluster cluster, String name)
      throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      URI uri = URI.create("http://" + cluster.http() + "/q/metrics");
      String all =
          http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
              .body();
      return (long)
          all.lines()
              .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
              .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
              .sum();
    }
  }
}
