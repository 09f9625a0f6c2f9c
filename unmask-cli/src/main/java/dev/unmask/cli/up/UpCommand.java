package dev.unmask.cli.up;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.cli.endpoint.Kafka;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.cli.models.ModelPublication;
import dev.unmask.cli.process.Rooms;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.store.location.StoreLocation;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.SigningKey;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code unmask up}: Kafka, gateway, samplers and trainer on this machine, until Ctrl-C. */
@Command(
    name = "up",
    description = {
      "Runs a whole cluster on this machine: Kafka, gateway, samplers and trainer, each a process.",
      "Prints where it listens and `ready`; runs until Ctrl-C or SIGTERM, then finishes what is"
          + " under way and stops everything. Listens on loopback only."
    })
public final class UpCommand implements Callable<Integer> {

  /** A child that dies is noticed at once; these are for one that hangs, on a busy machine too. */
  private static final Duration BROKER_PATIENCE = Duration.ofMinutes(5);

  private static final Duration SERVICE_PATIENCE = Duration.ofMinutes(10);
  private static final Duration GRACE = Duration.ofMinutes(1);

  private final Session session;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where everything is kept; default: .unmask in the checkout.")
  private @Nullable Path dataOption;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The Hugging Face folder to serve; default: models/unmask-mini.")
  private @Nullable Path modelOption;

  @Option(
      names = "--store",
      paramLabel = "ADDRESS",
      description = {
        "The artifact store: a folder, or s3://BUCKET/PREFIX, with ?endpoint=URL for a server that"
            + " is not Amazon's; credentials come from the usual AWS variables. Default: store in"
            + " the data folder."
      })
  private @Nullable String storeOption;

  @Option(
      names = "--sign-key",
      paramLabel = "FILE",
      description =
          "Private key (`unmask keys generate`) that signs what this cluster publishes; its public"
              + " half beside it is trusted, and only signed models are served.")
  private @Nullable Path signKey;

  @Option(
      names = "--api-keys",
      paramLabel = "FILE",
      description =
          "Let in only callers with a key of this file (`unmask api-keys create`); without it"
              + " everybody on this machine may do everything.")
  private @Nullable Path apiKeys;

  @Option(
      names = "--samplers",
      paramLabel = "N",
      description =
          "Sampler processes, each with one engine on one thread; default: one for every two cores"
              + " of this machine, at least 1 and at most 4.")
  private int samplers = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, 4);

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      description = {
        "Use this Kafka (4.2 or newer, share groups on) instead of an embedded one. TLS and logins"
            + " are set by variables, KAFKA_SECURITY_PROTOCOL and others: docs/security.md."
      })
  private @Nullable String kafkaOption;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      defaultValue = "8650",
      description = "Port of the gRPC API; default ${DEFAULT-VALUE}, 0 picks a free one.")
  private int grpcPort = 8650;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      defaultValue = "8651",
      description = "Port of HTTP; default ${DEFAULT-VALUE}, 0 picks a free one.")
  private int httpPort = 8651;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "Certificate (PEM) of the gateway, which names 127.0.0.1: both ports are encrypted then,"
              + " and commands of this machine know it.")
  private @Nullable Path tlsCertificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "Its key (PEM, PKCS#8, not encrypted).")
  private @Nullable Path tlsKey;

  public UpCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException, IOException, BrokerException {
    if (samplers < 1) {
      throw CliException.usage("--samplers is " + samplers + "; at least 1 is needed");
    }
    Optional<UpTls> unusedTls = tls();
    checkKeys();
    Instant begin = Instant.now();
    ModelFolder model = ModelFolder.at(modelPath(), null);
    Path folder =
        dataOption == null
            ? Discovery.defaultDataFolder(session)
            : dataOption.toAbsolutePath().normalize();
    try (DataFolder data = DataFolder.open(folder)) {
      data.endLeftovers(session::remark);
      Running running = new Running(data);
      Thread hook = new Thread(running::stopAndLeave, "stop");
      Runtime.getRuntime().addShutdownHook(hook);
      try {
        bringUp(running, plan(data, model), model, begin);
        new CountDownLatch(1).await();
      } catch (CliException | BrokerException | IOException e) {
        running.stop();
        boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
        throw e;
      }
    }
    return 0;
  }

  private Path modelPath() {
    return modelOption == null ? session.home().resolve("models/unmask-mini") : modelOption;
  }

  private ClusterPlan plan(DataFolder data, ModelFolder model) {
    int grpc = Ports.choose(grpcPort, "--grpc-port");
    int http = Ports.choose(httpPort, "--http-port");
    int kafkaPort = Ports.free();
    return new ClusterPlan(
        new Rooms(session.home()),
        data,
        storeOption == null ? data.resolve("store").toString() : storeOption,
        session.environment(),
        model.name(),
        kafkaOption == null ? "127.0.0.1:" + kafkaPort : kafkaOption,
        kafkaPort,
        grpc,
        http,
        kafkaOption == null ? "" : hostName() + "-",
        data.resolve("cds"),
        true,
        samplerSettings());
  }

  private Map<String, String> samplerSettings() {
    Map<String, String> settings = new HashMap<>(samplerMemory());
    if (signKey != null) {
      settings.put("unmask.store.trusted-keys", publicHalf(signKey).toString());
    }
    settings.putAll(keySettings("sampler"));
    return settings;
  }

  /** The keys count at every port of the cluster. */
  private Map<String, String> keySettings(String service) {
    return apiKeys == null
        ? Map.of()
        : Map.of("unmask." + service + ".api-keys", apiKeys.toAbsolutePath().toString());
  }

  /** A file that is none is said here and not in a log. */
  private void checkKeys() {
    if (apiKeys == null) {
      return;
    }
    try {
      ApiKeys unused = ApiKeyFile.read(apiKeys);
    } catch (StoreException e) {
      throw CliException.usage("--api-keys: " + e.getMessage());
    }
  }

  private Map<String, String> trainerSettings() {
    Map<String, String> settings = new HashMap<>(keySettings("sft"));
    if (signKey != null) {
      settings.put("unmask.store.signing-key", signKey.toAbsolutePath().toString());
    }
    Path questions = session.home().resolve("models/probes/probes.jsonl");
    // They are about what the shipped model learned; another one would not know the half of it.
    if (modelOption == null
        && Files.exists(questions)
        && !session.environment().containsKey("UNMASK_GATES_QUESTIONS")) {
      settings.put("unmask.gates.questions", questions.toString());
    }
    return settings;
  }

  private static Path publicHalf(Path key) {
    return SigningKey.publicHalf(key.toAbsolutePath());
  }

  /** Samplers of one machine divide what one alone would use of its memory. */
  private Map<String, String> samplerMemory() {
    Map<String, String> settings = new HashMap<>();
    if (samplers > 1
        && ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean machine) {
      divide(settings, "unmask.sampler.memory", machine.getTotalMemorySize() / 2);
      divide(settings, "unmask.sampler.weights-memory", machine.getTotalMemorySize() / 4);
    }
    return settings;
  }

  private void divide(Map<String, String> settings, String name, long bytes) {
    String variable = name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    if (!session.environment().containsKey(variable)) {
      settings.put(name, Math.max(1, (bytes / samplers) >> 20) + "M");
    }
  }

  private void bringUp(Running running, ClusterPlan plan, ModelFolder model, Instant begin)
      throws InterruptedException, IOException, BrokerException {
    Optional<SupervisedChild> broker =
        kafkaOption == null
            ? Optional.of(running.supervisor.start(plan.broker()))
            : Optional.empty();
    // The store is filled while Kafka starts.
    ArtifactStore store = store(plan);
    Manifest imported = model.importInto(store);
    if (broker.isPresent()) {
      broker.get().awaitReady(BROKER_PATIENCE);
    }
    KafkaAccess kafka = kafka(plan);
    List<String> unusedNames = ClusterTopics.create(kafka, plan.base());
    ModelPublication publication = new ModelPublication(kafka);
    Manifest manifest = publication.asPublished(imported);
    sign(store, manifest);
    ModelPublication.Change unused = publication.publish(manifest, Optional.of("default"), "up");
    running.describe(plan, manifest);
    List<SupervisedChild> services = new ArrayList<>();
    services.add(running.supervisor.start(plan.gateway(keySettings("gateway"), tls())));
    for (int i = 1; i <= samplers; i++) {
      services.add(running.supervisor.start(plan.sampler(i)));
    }
    services.add(running.supervisor.start(plan.trainer(trainerSettings())));
    for (SupervisedChild service : services) {
      service.awaitReady(SERVICE_PATIENCE);
    }
    FirstAnswer.await(() -> GatewayClient.to(running.endpoints(), session), SERVICE_PATIENCE);
    running.ready();
    Discovery.announce(session, plan.data().root());
    sayReady(running.endpoints(), plan, Duration.between(begin, Instant.now()));
  }

  private Optional<UpTls> tls() {
    return UpTls.of(tlsCertificate, tlsKey);
  }

  private KafkaAccess kafka(ClusterPlan plan) {
    return plan.embedsKafka() ? KafkaAccess.plain(plan.kafka()) : Kafka.at(session, plan.kafka());
  }

  private static ArtifactStore store(ClusterPlan plan) {
    try {
      return StoreLocation.open(plan.store(), plan.data().resolve("blobs"));
    } catch (StoreException e) {
      throw new CliException(String.valueOf(e.getMessage()), e);
    }
  }

  private void sign(ArtifactStore store, Manifest manifest) {
    if (signKey == null) {
      return;
    }
    try {
      CheckpointSignatures.sign(store, manifest, SigningKey.read(signKey));
    } catch (StoreException e) {
      throw new CliException(String.valueOf(e.getMessage()), e);
    }
  }

  private void sayReady(Endpoints endpoints, ClusterPlan plan, Duration took) throws IOException {
    if (session.json()) {
      session.out().println(endpoints.json());
    } else {
      session
          .out()
          .printf(
              Locale.ROOT,
              "gRPC   %s%nHTTP   %s%nKafka  %s%nmodel  %s %s%ndata   %s%nready in %.1f s%n",
              endpoints.grpc(),
              endpoints.http(),
              endpoints.kafka(),
              endpoints.model(),
              endpoints.digest(),
              plan.data().root(),
              took.toMillis() / 1000.0);
      session.out().println("ready");
    }
    session.out().flush();
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "local";
    }
  }

  /** The children and what is written down about them; used by the supervisor's threads too. */
  private final class Running {

    private final DataFolder data;
    private final Supervisor supervisor = new Supervisor(session::remark, this::childChanged);
    private @Nullable Endpoints about; // guarded by this
    private boolean ready; // guarded by this

    Running(DataFolder data) {
      this.data = data;
    }

    synchronized void describe(ClusterPlan plan, Manifest manifest) {
      about =
          new Endpoints(
              "127.0.0.1:" + plan.grpcPort(),
              (tls().isPresent() ? "https" : "http") + "://127.0.0.1:" + plan.httpPort(),
              plan.kafka(),
              kafka(plan).protocol(),
              tls().map(own -> own.certificate().toString()).orElse(null),
              ProcessHandle.current().pid(),
              plan.data().root().toString(),
              plan.store(),
              manifest.model(),
              manifest.digest().toString(),
              List.of());
    }

    synchronized Endpoints endpoints() {
      if (about == null) {
        throw new IllegalStateException("nothing is known about the cluster yet");
      }
      List<Endpoints.Child> children =
          supervisor.children().stream()
              .map(c -> new Endpoints.Child(c.spec().name(), c.pid(), c.spec().log().toString()))
              .toList();
      return about.with(children);
    }

    /** From here on clients find the cluster. */
    synchronized void ready() throws IOException {
      ready = true;
      endpoints().write(data.root());
    }

    /** A child has a new process: the file must name it. */
    private synchronized void childChanged() {
      if (!ready) {
        return;
      }
      try {
        endpoints().write(data.root());
      } catch (IOException e) {
        session.remark("endpoints.json could not be written: " + e.getMessage());
      }
    }

    void stop() {
      synchronized (this) {
        ready = false;
      }
      supervisor.stop(ClusterPlan.STOPPING, GRACE);
      data.removeEndpoints();
    }

    /** Runs as the process ends on a signal; having stopped everything is success. */
    private void stopAndLeave() {
      session.remark("stopping");
      stop();
      session.remark("stopped");
      Runtime.getRuntime().halt(0);
    }
  }
}
