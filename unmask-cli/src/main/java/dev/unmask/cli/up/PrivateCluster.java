package dev.unmask.cli.up;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.cli.models.ModelPublication;
import dev.unmask.cli.process.Rooms;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Kafka, a gateway and samplers for one command alone: free ports, a folder of its own, announced
 * to nobody. All processes end with {@link #close}, and with this process at the latest.
 */
public final class PrivateCluster implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final DataFolder data;
  private final Supervisor supervisor;
  private final Thread hook = new Thread(this::vanish, "stop-private-cluster");
  private final String grpc;
  private final String kafka;
  private final String base;
  private final List<Digest> digests = new ArrayList<>();

  private PrivateCluster(Session session, DataFolder data, ClusterPlan plan) {
    this.data = data;
    this.supervisor = new Supervisor(session::remark, () -> {});
    this.grpc = "127.0.0.1:" + plan.grpcPort();
    this.kafka = plan.kafka();
    this.base = plan.base();
  }

  /**
   * Starts everything and returns when a first request was answered.
   *
   * @param folder where everything is kept; the caller removes it after {@link #close}, and when
   *     the process is told to end it is removed at once
   * @param models all of the same name, which is the base; the first is its default
   * @param samplerProperties further settings of the sampler
   * @throws CliException with a sentence when something does not start; nothing is left running
   */
  public static PrivateCluster start(
      Session session, Path folder, List<ModelFolder> models, Map<String, String> samplerProperties)
      throws InterruptedException {
    return start(session, folder, models, 1, samplerProperties);
  }

  /** The same with a number of samplers. */
  public static PrivateCluster start(
      Session session,
      Path folder,
      List<ModelFolder> models,
      int samplers,
      Map<String, String> samplerProperties)
      throws InterruptedException {
    DataFolder data = DataFolder.open(folder);
    int kafkaPort = Ports.free();
    ClusterPlan plan =
        new ClusterPlan(
            new Rooms(session.home()),
            data,
            data.resolve("store").toString(),
            session.environment(),
            models.getFirst().name(),
            "127.0.0.1:" + kafkaPort,
            kafkaPort,
            Ports.free(),
            Ports.free(),
            "private-",
            Discovery.defaultDataFolder(session).resolve("cds"),
            false,
            samplerProperties);
    PrivateCluster cluster = new PrivateCluster(session, data, plan);
    Runtime.getRuntime().addShutdownHook(cluster.hook);
    try {
      cluster.bringUp(plan, models, samplers);
      return cluster;
    } catch (BrokerException | StoreException e) {
      cluster.close();
      throw new CliException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException | InterruptedException e) {
      cluster.close();
      throw e;
    }
  }

  private void bringUp(ClusterPlan plan, List<ModelFolder> models, int samplers)
      throws InterruptedException, BrokerException, StoreException {
    SupervisedChild broker = supervisor.start(plan.broker());
    FolderStore store = store();
    List<Manifest> manifests = models.stream().map(model -> model.importInto(store)).toList();
    broker.awaitReady(PATIENCE);
    List<String> unusedNames = ClusterTopics.create(kafka, base);
    Optional<String> alias = Optional.of("default");
    for (Manifest manifest : manifests) {
      ModelPublication.Change unused =
          new ModelPublication(KafkaAccess.plain(kafka)).publish(manifest, alias, "private");
      digests.add(manifest.digest());
      alias = Optional.empty();
    }
    SupervisedChild gateway = supervisor.start(plan.gateway());
    List<SupervisedChild> workers = new ArrayList<>();
    for (int i = 1; i <= samplers; i++) {
      workers.add(supervisor.start(plan.sampler(i)));
    }
    gateway.awaitReady(PATIENCE);
    for (SupervisedChild worker : workers) {
      worker.awaitReady(PATIENCE);
    }
    FirstAnswer.await(() -> GatewayClient.to(grpc), PATIENCE);
  }

  /** Address of the API. */
  public String grpc() {
    return grpc;
  }

  /** Address of Kafka. */
  public String kafka() {
    return kafka;
  }

  /** Name of the base and of every model. */
  public String base() {
    return base;
  }

  /** The models' digests, in the order they were given. */
  public List<Digest> digests() {
    return List.copyOf(digests);
  }

  /** The artifact store that its processes share. */
  public FolderStore store() throws StoreException {
    return FolderStore.open(data.resolve("store"));
  }

  private void stop() {
    supervisor.stop(ClusterPlan.STOPPING, GRACE);
  }

  /** On a signal nobody else can clean up any more. */
  private void vanish() {
    stop();
    data.remove();
  }

  /** Ends every process, Kafka last. */
  @Override
  public void close() {
    stop();
    data.close();
    try {
      boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook does the same.
    }
  }
}
