package dev.unmask.cli.bench.reload;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.bench.serve.RecordOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.cli.models.ModelPublication;
import dev.unmask.cli.up.PrivateCluster;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ObjectStorage;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoreNames;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelOnWorker;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask bench reload}: new versions of a model under load. */
@Command(
    name = "reload",
    description = {
      "Starts a cluster of its own, keeps it busy, and publishes and activates new versions again and"
          + " again: whole weights and LoRA adapters in turn. Prints one JSON object: requests that"
          + " failed, answers that are not those of their digest (each is compared with an undisturbed"
          + " one), for each kind the bytes that were stored and the time from the beginning of a"
          + " publication to the first answer in parts, and the longest time that a sampler was"
          + " without a step around a reload, beside its longest step."
    })
public final class BenchReloadCommand implements Callable<Integer> {

  private static final String BASE = "reload";

  private final Session session;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The Hugging Face folder to vary; default: models/unmask-mini.")
  private @Nullable Path model;

  @Option(
      names = "--reloads",
      paramLabel = "N",
      defaultValue = "20",
      description = "New versions; default ${DEFAULT-VALUE}.")
  private int reloads = 20;

  @Option(
      names = "--kinds",
      paramLabel = "KIND",
      split = ",",
      defaultValue = "full,lora",
      description = "full and lora, taken in turn; default ${DEFAULT-VALUE}.")
  private List<String> kinds = List.of("full", "lora");

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Requests at least; default ${DEFAULT-VALUE}.")
  private int requests = 1_000;

  @Option(
      names = "--concurrency",
      paramLabel = "N",
      defaultValue = "8",
      description = "Callers that each ask again at once; default ${DEFAULT-VALUE}.")
  private int concurrency = 8;

  @Option(
      names = "--samplers",
      paramLabel = "N",
      defaultValue = "2",
      description = "Sampler processes; default ${DEFAULT-VALUE}.")
  private int samplers = 2;

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

  public BenchReloadCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (reloads < 1 || requests < 1 || concurrency < 1 || samplers < 1) {
      throw CliException.usage(
          "--reloads, --requests, --concurrency and --samplers are at least 1");
    }
    List<Variant.Kind> made = kinds.stream().map(BenchReloadCommand::kind).toList();
    record.check(session.home());
    Path source = model == null ? session.home().resolve("models/unmask-mini") : model;
    Path work = Files.createTempDirectory("unmask-reload-");
    try {
      ReloadReport report = measure(source, work, made);
      ObjectNode result = report.json();
      result.put("samplers", samplers).put("concurrency", concurrency);
      result.put("gen_length", slots).put("steps", steps);
      result.put(
          "load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
      session.out().println(Json.line(result));
      record.append(session.home(), result);
      report.answers().stream()
          .filter(a -> a.failure() != null)
          .findFirst()
          .ifPresent(a -> session.remark("a request failed: " + a.failure()));
      return report.failed() + report.mixed() > 0 ? CliException.FAILED : 0;
    } finally {
      remove(work);
    }
  }

  private static Variant.Kind kind(String name) {
    return Arrays.stream(Variant.Kind.values())
        .filter(kind -> kind.label().equals(name))
        .findFirst()
        .orElseThrow(() -> CliException.usage("--kinds takes full and lora, not '" + name + "'"));
  }

  private ReloadReport measure(Path source, Path work, List<Variant.Kind> kinds)
      throws IOException, InterruptedException {
    ModelFolder first = ModelFolder.at(source, BASE);
    try (PrivateCluster cluster =
            PrivateCluster.start(
                session, work.resolve("data"), List.of(first), samplers, Map.of());
        GatewayClient client = GatewayClient.to(cluster.grpc())) {
      List<Variant> variants = new ArrayList<>();
      for (int i = 1; i <= reloads; i++) {
        Variant.Kind kind = kinds.get(i % kinds.size());
        variants.add(Variant.make(kind, source, work, i, BASE, cluster.digests().getFirst()));
      }
      ReloadLoad load = new ReloadLoad(client.generationLater(), slots, steps);
      AtomicBoolean reloading = new AtomicBoolean(true);
      CountDownLatch over = load.begin(concurrency, requests, reloading::get);
      List<ReloadReport.Reload> done = new ArrayList<>();
      List<ReloadReport.Gap> gaps = new ArrayList<>();
      try {
        for (Variant variant : variants) {
          ReloadReport.Reload one = reload(cluster, client, load, variant);
          done.add(one);
          gaps.addAll(gaps(client, one.digest()));
          session.remark(
              String.format(
                  "reload %d of %d, %s: first answer after %.0f ms",
                  done.size(), reloads, one.kind().label(), one.answered()));
        }
      } finally {
        reloading.set(false);
      }
      over.await();
      session.remark("asking each version alone");
      return new ReloadReport(load.answers(), alone(client, load), done, gaps);
    }
  }

  private ReloadReport.Reload reload(
      PrivateCluster cluster, GatewayClient client, ReloadLoad load, Variant variant)
      throws InterruptedException {
    FolderStore store = store(cluster);
    long before = bytes(store);
    long begin = System.nanoTime();
    Manifest manifest = variant.importInto(store);
    long stored = System.nanoTime();
    ModelPublication.Change unused =
        new ModelPublication(KafkaAccess.plain(cluster.kafka()))
            .publish(manifest, Optional.empty(), "bench");
    long announced = System.nanoTime();
    String digest = manifest.digest().toString();
    var unusedAlias =
        client
            .models()
            .activate(
                ActivateModelRequest.newBuilder()
                    .setModel(BASE + "@" + digest)
                    .setReason("bench reload")
                    .build());
    long activated = System.nanoTime();
    long answered = load.awaitAnswerOf(digest);
    return new ReloadReport.Reload(
        variant.kind(),
        digest,
        bytes(store) - before,
        (stored - begin) / 1e6,
        (announced - begin) / 1e6,
        (activated - begin) / 1e6,
        (answered - begin) / 1e6);
  }

  private static long bytes(FolderStore store) {
    try {
      return Stream.concat(
              store.storage().list(StoreNames.BLOBS).stream(),
              store.storage().list(StoreNames.MANIFESTS).stream())
          .mapToLong(ObjectStorage.Stat::size)
          .sum();
    } catch (StoreException e) {
      throw new CliException(String.valueOf(e.getMessage()), e);
    }
  }

  private static List<ReloadReport.Gap> gaps(GatewayClient client, String digest)
      throws InterruptedException {
    // The next heartbeat tells of the steps around the reload.
    Thread.sleep(2_500);
    return client
        .models()
        .list(ListModelsRequest.newBuilder().setName(BASE).build())
        .getModelsList()
        .stream()
        .filter(version -> version.getDigest().equals(digest))
        .flatMap(version -> version.getWorkersList().stream())
        .map(BenchReloadCommand::gap)
        .toList();
  }

  private static ReloadReport.Gap gap(ModelOnWorker worker) {
    return new ReloadReport.Gap(
        worker.getWorker(), worker.getLongestGapMs(), worker.getLongestStepMs());
  }

  /** What each digest that answered says to each prompt when nothing else runs. */
  private static Map<String, List<String>> alone(GatewayClient client, ReloadLoad load) {
    Map<String, List<String>> texts = new LinkedHashMap<>();
    List<String> digests =
        load.answers().stream()
            .filter(a -> a.failure() == null)
            .map(Answered::digest)
            .distinct()
            .toList();
    for (String digest : digests) {
      List<String> of = new ArrayList<>();
      for (int prompt = 0; prompt < ReloadLoad.prompts(); prompt++) {
        of.add(client.generation().generate(load.request(prompt, BASE + "@" + digest)).getText());
      }
      texts.put(digest, of);
    }
    return texts;
  }

  private static FolderStore store(PrivateCluster cluster) {
    try {
      return cluster.store();
    } catch (StoreException e) {
      throw new CliException(String.valueOf(e.getMessage()), e);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
