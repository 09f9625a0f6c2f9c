package dev.unmask.cli.up;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.process.Rooms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Kafka, a gateway, and a sampler that answers by script, for measuring what is not the engine:
 * free ports, a folder of its own, announced to nobody. All processes end with {@link #close}, and
 * with this process at the latest.
 */
public final class ScriptedCluster implements AutoCloseable {

  private static final String BASE = "scripted";
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final DataFolder data;
  private final Supervisor supervisor;
  private final Thread hook = new Thread(this::vanish, "stop-scripted-cluster");
  private final String grpc;
  private final String http;

  private ScriptedCluster(Session session, DataFolder data, ClusterPlan plan) {
    this.data = data;
    this.supervisor = new Supervisor(session::remark, () -> {});
    this.grpc = "127.0.0.1:" + plan.grpcPort();
    this.http = "127.0.0.1:" + plan.httpPort();
  }

  /**
   * Starts everything and returns when a first request was answered.
   *
   * @param slots requests that the sampler takes at the same time
   * @param serviceMillis what it spends on each
   * @throws CliException with a sentence when something does not start; nothing is left running
   */
  public static ScriptedCluster start(Session session, int slots, double serviceMillis)
      throws InterruptedException {
    return start(session, slots, serviceMillis, 0);
  }

  /**
   * The same with answers that take long.
   *
   * @param holdMillis when above 0, a request is shown as many steps as it asks for, at once, and
   *     ends after so long or when it is cancelled
   */
  public static ScriptedCluster start(
      Session session, int slots, double serviceMillis, long holdMillis)
      throws InterruptedException {
    Rooms rooms = new Rooms(session.home());
    Path kit = rooms.jar(Rooms.TEST_KIT);
    DataFolder data = DataFolder.open(folder());
    int kafkaPort = Ports.free();
    ClusterPlan plan =
        new ClusterPlan(
            rooms,
            data,
            data.resolve("store").toString(),
            session.environment(),
            BASE,
            "127.0.0.1:" + kafkaPort,
            kafkaPort,
            Ports.free(),
            Ports.free(),
            "scripted-",
            Discovery.defaultDataFolder(session).resolve("cds"),
            false,
            Map.of());
    ScriptedCluster cluster = new ScriptedCluster(session, data, plan);
    Runtime.getRuntime().addShutdownHook(cluster.hook);
    try {
      cluster.bringUp(plan, plan.scripted(kit, slots, serviceMillis, holdMillis));
      return cluster;
    } catch (BrokerException e) {
      cluster.close();
      throw new CliException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException | InterruptedException e) {
      cluster.close();
      throw e;
    }
  }

  private static Path folder() {
    try {
      return Files.createTempDirectory("unmask-scripted-");
    } catch (IOException e) {
      throw new CliException("no temporary folder could be made: " + e.getMessage(), e);
    }
  }

  private void bringUp(ClusterPlan plan, ChildSpec worker)
      throws InterruptedException, BrokerException {
    supervisor.start(plan.broker()).awaitReady(PATIENCE);
    List<String> unusedNames = ClusterTopics.create(plan.kafka(), BASE);
    SupervisedChild gateway = supervisor.start(plan.gateway());
    supervisor.start(worker).awaitReady(PATIENCE);
    gateway.awaitReady(PATIENCE);
    FirstAnswer.await(() -> GatewayClient.to(grpc), PATIENCE);
  }

  /** Address of the API. */
  public String grpc() {
    return grpc;
  }

  /** {@code host:port} of its HTTP side. */
  public String http() {
    return http;
  }

  /** The base, which is also the model's name. */
  public String base() {
    return BASE;
  }

  /** Process id of the gateway. */
  public long gatewayPid() {
    return supervisor.children().stream()
        .filter(child -> child.spec().name().equals(ClusterPlan.GATEWAY))
        .mapToLong(SupervisedChild::pid)
        .findFirst()
        .orElse(0);
  }

  private void vanish() {
    supervisor.stop(ClusterPlan.STOPPING, GRACE);
    data.remove();
  }

  /** Ends every process, Kafka last, and removes the folder. */
  @Override
  public void close() {
    supervisor.stop(ClusterPlan.STOPPING, GRACE);
    data.close();
    data.remove();
    try {
      boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook does the same.
    }
  }
}
