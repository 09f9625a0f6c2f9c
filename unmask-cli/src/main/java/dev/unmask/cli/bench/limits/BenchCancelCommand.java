package dev.unmask.cli.bench.limits;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.bench.serve.Distribution;
import dev.unmask.cli.bench.serve.RecordOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.cli.up.PrivateCluster;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench cancel}: how soon the work of a caller who went away ends. */
@Command(
    name = "cancel",
    description = {
      "Starts a cluster of its own, leaves streams in the middle, alone and beside others, and leaves"
          + " requests that no sampler has begun. The topics then say how many steps were computed"
          + " after the cancel was written, and how long the slot was still taken. Prints one JSON"
          + " object; fails when more than a few steps came after a cancel, or any step of a request"
          + " that was cancelled before it began."
    })
public final class BenchCancelCommand implements Callable<Integer> {

  private static final String BASE = "cancel";

  /** Steps after the cancel's record: the one under way, and what the control topic's hop takes. */
  private static final int MOST_STEPS_AFTER = 8;

  /** Slots of the sampler for callers who wait, by default. */
  private static final int BUSY = 16;

  private final Session session;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The Hugging Face folder to serve; default: models/unmask-mini.")
  private @Nullable Path model;

  @Option(
      names = "--streams",
      paramLabel = "N",
      defaultValue = "40",
      description = "Streams that are left, in each state; default ${DEFAULT-VALUE}.")
  private int streams = 40;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "256",
      description = "Slots and steps of each stream; default ${DEFAULT-VALUE}.")
  private int steps = 256;

  @Mixin private RecordOption record;

  public BenchCancelCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (streams < 1 || steps < 32) {
      throw CliException.usage("--streams is at least 1 and --steps at least 32");
    }
    record.check(session.home());
    Path source = model == null ? session.home().resolve("models/unmask-mini") : model;
    Path work = Files.createTempDirectory("unmask-cancel-");
    try (PrivateCluster cluster =
            PrivateCluster.start(
                session, work.resolve("data"), List.of(ModelFolder.at(source, BASE)), Map.of());
        GatewayClient client = GatewayClient.to(cluster.grpc())) {
      List<String> alone = leaveOneByOne(client);
      List<String> beside = leaveBesideOthers(client);
      List<String> never = leaveBeforeBegin(client);
      List<String> all = new ArrayList<>(alone);
      all.addAll(beside);
      all.addAll(never);
      CancelStories stories = CancelStories.await(cluster.kafka(), BASE, all);
      ObjectNode json = Json.object().put("what", "bench cancel");
      json.put("steps", steps);
      int worst =
          Math.max(
              put(json.putObject("alone"), stories, alone),
              put(json.putObject("beside_others"), stories, beside));
      long begun = never.stream().filter(prompt -> stories.of(prompt).steps() > 0).count();
      long ended = never.stream().filter(prompt -> stories.of(prompt).ended()).count();
      json.putObject("before_begin")
          .put("requests", never.size())
          .put("ended", ended)
          .put("begun", begun);
      json.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
      session.out().println(Json.line(json));
      record.append(session.home(), json);
      return worst > MOST_STEPS_AFTER || begun > 0 || ended < never.size()
          ? CliException.FAILED
          : 0;
    } finally {
      WorkFolder.remove(work);
    }
  }

  private List<String> leaveOneByOne(GatewayClient client) throws InterruptedException {
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      LeftStream stream = LeftStream.open(client, steps);
      prompts.add(stream.leaveAfter(2 + i % 16));
    }
    return prompts;
  }

  private List<String> leaveBesideOthers(GatewayClient client) throws InterruptedException {
    List<LeftStream> others = new ArrayList<>();
    for (int i = 0; i < BUSY / 2; i++) {
      others.add(LeftStream.open(client, steps));
    }
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      LeftStream stream = LeftStream.open(client, steps);
      prompts.add(stream.leaveAfter(1 + i % 4));
      for (int j = 0; j < others.size(); j++) {
        if (others.get(j).isOver()) {
          others.set(j, LeftStream.open(client, steps));
        }
      }
    }
    for (LeftStream other : others) {
      other.leave();
    }
    return prompts;
  }

  /** More requests than there are slots: the last ones wait, and are left while they do. */
  private List<String> leaveBeforeBegin(GatewayClient client) throws InterruptedException {
    List<LeftStream> holding = new ArrayList<>();
    for (int i = 0; i < BUSY; i++) {
      LeftStream stream = LeftStream.open(client, steps);
      stream.awaitSteps(1);
      holding.add(stream);
    }
    List<LeftStream> waiting = new ArrayList<>();
    for (int i = 0; i < BUSY; i++) {
      waiting.add(LeftStream.open(client, steps));
    }
    // Until they are on their topic, and their cancels on theirs.
    Thread.sleep(500);
    waiting.forEach(LeftStream::leave);
    Thread.sleep(500);
    holding.forEach(LeftStream::leave);
    return waiting.stream().map(LeftStream::prompt).toList();
  }

  /** Writes what happened to streams that had begun; the most steps after a cancel. */
  private static int put(ObjectNode node, CancelStories stories, List<String> prompts) {
    Distribution free = new Distribution();
    Distribution step = new Distribution();
    int most = 0;
    long sum = 0;
    long within = 0;
    for (String prompt : prompts) {
      CancelStories.Story story = stories.of(prompt);
      int after = story.stepsAfterCancel();
      most = Math.max(most, after);
      sum += after;
      within += after <= 1 ? 1 : 0;
      free.add(story.cancelToEndMs());
      step.add(story.stepMs());
    }
    node.put("streams", prompts.size());
    node.put("steps_after_cancel_mean", (double) sum / prompts.size());
    node.put("steps_after_cancel_max", most);
    node.put("streams_with_at_most_one", within);
    free.writeTo(node.putObject("cancel_to_free_ms"));
    step.writeTo(node.putObject("step_ms"));
    return most;
  }
}
