package dev.unmask.e2e.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.e2e.Checkout;
import dev.unmask.proto.Topics;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.tracing.SpanFiles;
import dev.unmask.tracing.SpanRecord;
import dev.unmask.tracing.TraceParent;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelAlias;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.ModelsGrpc;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A running {@code unmask up}: Kafka, gateway, two samplers and a trainer. Every process is gone
 * when {@link #close} returns, and also when this JVM ends without it.
 */
final class Cluster implements AutoCloseable {

  /** Name of the model and of its base. */
  static final String MODEL = "tiny";

  static final int SAMPLERS = 2;

  /** Variable with the key of a cluster that asks for one. */
  static final String KEY = "UNMASK_API_KEY";

  /** Long, because the machine may be busy with other things. */
  static final Duration PATIENCE = Duration.ofMinutes(6);

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process up;
  private final Path data;
  private final Path output;
  private final Set<ProcessHandle> everStarted = new LinkedHashSet<>();
  private final Thread lastResort = new Thread(this::killAll, "kill-cluster");
  private final ManagedChannel channel;
  private final JsonNode endpoints;

  private Cluster(Process up, Path data, Path output, Optional<String> key)
      throws IOException, InterruptedException {
    this.up = up;
    this.data = data;
    this.output = output;
    Runtime.getRuntime().addShutdownHook(lastResort);
    try {
      await("the cluster to be ready", () -> Files.readAllLines(output).contains("ready"));
      this.endpoints = endpoints();
      this.channel =
          Grpc.newChannelBuilder(endpoints.path("grpc").asText(), credentials(endpoints))
              .intercept(
                  key.map(sent -> sending("authorization", "Bearer " + sent)).stream().toList())
              .build();
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      killAll();
      throw e;
    }
  }

  private static ChannelCredentials credentials(JsonNode endpoints) throws IOException {
    JsonNode trust = endpoints.path("tls_ca");
    return trust.isTextual()
        ? TlsChannelCredentials.newBuilder().trustManager(new File(trust.asText())).build()
        : InsecureChannelCredentials.create();
  }

  /** Starts a cluster below {@code folder} and waits until it is ready. */
  static Cluster start(Path folder) throws IOException, InterruptedException {
    return start(folder, SAMPLERS, List.of(), Map.of());
  }

  /**
   * The same with fewer samplers, further options of {@code up} and variables of its environment; a
   * key among them is also this object's.
   */
  static Cluster start(
      Path folder, int samplers, List<String> options, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path model = TinyModel.small().write(folder.resolve(MODEL));
    Path home = Checkout.root();
    Path data = folder.resolve("data");
    Path output = folder.resolve("up.log");
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dunmask.home=" + home,
            "-jar",
            home.resolve("unmask-cli/target/unmask-cli-0.1.0.jar").toString(),
            "up",
            "--data",
            data.toString(),
            "--model",
            model.toString(),
            "--samplers",
            String.valueOf(samplers),
            "--grpc-port",
            "0",
            "--http-port",
            "0"));
    command.addAll(options);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    Process up = builder.start();
    return new Cluster(up, data, output, Optional.ofNullable(environment.get(KEY)));
  }

  GenerationGrpc.GenerationBlockingStub generation() {
    return GenerationGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** The same as a part of the trace that a header names. */
  GenerationGrpc.GenerationBlockingStub generation(String traceparent) {
    return generation().withInterceptors(naming(traceparent));
  }

  /** The same as a part of the trace that a header names. */
  FineTuningGrpc.FineTuningBlockingStub fineTuning(String traceparent) {
    return fineTuning().withInterceptors(naming(traceparent));
  }

  private static ClientInterceptor naming(String traceparent) {
    return sending(TraceParent.HEADER, traceparent);
  }

  private static ClientInterceptor sending(String header, String value) {
    Metadata metadata = new Metadata();
    metadata.put(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER), value);
    return MetadataUtils.newAttachHeadersInterceptor(metadata);
  }

  /** Spans of a trace that its processes have written so far, by their names. */
  Map<String, List<SpanRecord>> spans(String traceparent) throws IOException {
    return SpanFiles.find(data.resolve("traces"), TraceParent.traceId(traceparent)).stream()
        .collect(Collectors.groupingBy(SpanRecord::name));
  }

  FineTuningGrpc.FineTuningBlockingStub fineTuning() {
    return FineTuningGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  FilesGrpc.FilesStub files() {
    return FilesGrpc.newStub(channel).withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  ModelsGrpc.ModelsBlockingStub models() {
    return ModelsGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /**
   * Stores a model and tells the cluster of it, without an alias, as a trainer does; its digest.
   */
  String publish(TinyModel model) throws Exception {
    Path folder = Files.createTempDirectory(data, "model-");
    try (KafkaProducer<String, byte[]> producer = kafka().newProducer()) {
      Manifest manifest =
          CheckpointFolders.importFolder(
              FolderStore.open(data.resolve("store")),
              model.write(folder),
              ManifestFacts.imported(MODEL, "Apache-2.0"));
      var unused =
          producer
              .send(
                  new ProducerRecord<>(
                      Topics.CHECKPOINTS,
                      MODEL + "/" + manifest.digest(),
                      new PublishedModel(manifest, folder).checkpointRecord().toByteArray()))
              .get(60, TimeUnit.SECONDS);
      String digest = manifest.digest().toString();
      await(
          "the gateway to know " + digest,
          () -> versions(MODEL).stream().anyMatch(v -> v.getDigest().equals(digest)));
      return digest;
    }
  }

  /** All published versions of a model. */
  List<ModelVersion> versions(String model) {
    return ModelsGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .list(ListModelsRequest.newBuilder().setName(model).build())
        .getModelsList();
  }

  /** Where the aliases of a model point. */
  List<ModelAlias> aliases(String model) {
    return models().list(ListModelsRequest.newBuilder().setName(model).build()).getAliasesList();
  }

  /** Address of the HTTP port, without a path. */
  String http() {
    return endpoints.path("http").asText();
  }

  /** Address of the API's port. */
  String grpc() {
    return endpoints.path("grpc").asText();
  }

  TestKafka kafka() {
    return TestKafka.at(endpoints.path("kafka").asText());
  }

  /**
   * Waits until both samplers live and serve the model, as they may not after a test that kills.
   */
  void awaitWhole() throws InterruptedException {
    await(
        "all samplers to serve " + MODEL,
        () ->
            versions(MODEL).stream()
                .anyMatch(v ->
                    v.getLiveWorkersCount() == SAMPLERS && v.getServingWorkersCount() == SAMPLERS));
  }

  /** Kills a child, for example {@code sampler-1}, as the system's out-of-memory killer does. */
  void kill(String child) throws IOException {
    ProcessHandle process = ProcessHandle.of(pid(child)).orElseThrow();
    if (!process.destroyForcibly()) {
      throw new IllegalStateException(child + " could not be killed");
    }
    process.onExit().join();
  }

  /** The port of a child's health and metrics, for example of {@code sampler-1}. */
  String port(String child) throws IOException {
    String begin = "-Dquarkus.http.port=";
    return ProcessHandle.of(pid(child))
        .flatMap(process -> process.info().arguments())
        .flatMap(all -> Stream.of(all).filter(said -> said.startsWith(begin)).findFirst())
        .orElseThrow()
        .substring(begin.length());
  }

  private long pid(String child) throws IOException {
    for (JsonNode one : endpoints().path("children")) {
      if (one.path("name").asText().equals(child)) {
        return one.path("pid").asLong();
      }
    }
    throw new IllegalStateException("there is no child " + child);
  }

  private JsonNode endpoints() throws IOException {
    return JSON.readTree(Files.readAllBytes(data.resolve("endpoints.json")));
  }

  /** Waits for something, at most {@link #PATIENCE}, while the cluster lives. */
  void await(String what, Callable<Boolean> condition) throws InterruptedException {
    long giveUp = System.nanoTime() + PATIENCE.toNanos();
    Throwable last = null;
    while (System.nanoTime() < giveUp && up.isAlive()) {
      try {
        if (condition.call()) {
          return;
        }
        last = null;
      } catch (Exception e) {
        last = e;
      }
      up.descendants().forEach(everStarted::add);
      Thread.sleep(100);
    }
    throw new AssertionError(
        (up.isAlive() ? "waited too long for " : "the cluster died while waiting for ")
            + what
            + "\n"
            + said(),
        last);
  }

  /** What {@code up} has printed. */
  String said() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      return "(its output cannot be read: " + e.getMessage() + ")";
    }
  }

  /**
   * Stops it as Ctrl-C does.
   *
   * @throws AssertionError when it does not end by itself, or leaves a process behind
   */
  @Override
  public void close() throws InterruptedException {
    boolean unused = channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    up.descendants().forEach(everStarted::add);
    boolean asked = up.toHandle().destroy();
    boolean ended = up.waitFor(2, TimeUnit.MINUTES);
    List<ProcessHandle> left =
        new ArrayList<>(everStarted.stream().filter(ProcessHandle::isAlive).toList());
    killAll();
    Runtime.getRuntime().removeShutdownHook(lastResort);
    if (!asked || !ended || up.exitValue() != 0 || !left.isEmpty()) {
      throw new AssertionError(
          "the cluster did not stop cleanly: ended %s, left %s%n%s".formatted(ended, left, said()));
    }
  }

  private void killAll() {
    up.descendants().forEach(everStarted::add);
    up.destroyForcibly();
    everStarted.forEach(ProcessHandle::destroyForcibly);
  }
}
