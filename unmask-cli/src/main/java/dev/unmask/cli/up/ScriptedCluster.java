package dev.unmask.cli.up;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.cli.process.Rooms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
  private final Session session;
  private final Endpoints endpoints;

  /**
   * What callers of the gateway have to show.
   *
   * @param apiKeys the file of keys; null when nobody needs one
   * @param certificate of encrypted ports, PEM; null for plain text
   * @param key its key, PEM
   */
  public record Doors(@Nullable Path apiKeys, @Nullable Path certificate, @Nullable Path key) {

    /** Everybody may call, in plain text. */
    public static final Doors OPEN = new Doors(null, null, null);

    private Optional<UpTls> tls() {
      return UpTls.of(certificate, key);
    }

    private Map<String, String> settings() {
      return apiKeys == null
          ? Map.of()
          : Map.of("unmask.gateway.api-keys", apiKeys.toAbsolutePath().toString());
    }
  }

  private ScriptedCluster(Session session, DataFolder data, ClusterPlan plan, Doors doors) {
    this.session = session;
    this.data = data;
    this.supervisor = new Supervisor(session::remark, () -> {});
    this.endpoints =
        new Endpoints(
            "127.0.0.1:" + plan.grpcPort(),
            "127.0.0.1:" + plan.httpPort(),
            plan.kafka(),
            "PLAINTEXT",
            doors.tls().map(own -> own.certificate().toString()).orElse(null),
            ProcessHandle.current().pid(),
            data.root().toString(),
            plan.store(),
            BASE,
            "",
            List.of());
  }

  /**
   * Starts everything and returns when a first request was answered.
   *
   * @param slots requests that the sampler takes at the same time
   * @param serviceMillis what it spends on each
   * @param doors what callers have to show; their key is that of {@code session}
   * @throws CliException with a sentence when something does not start; nothing is left running
   */
  public static ScriptedCluster start(Session session, int slots, double serviceMillis, Doors doors)
      throws InterruptedException {
    return start(session, slots, serviceMillis, 0, doors);
  }

  /**
   * The same with answers that take long.
   *
   * @param holdMillis when above 0, a request is shown as many steps as it asks for, at once, and
   *     ends after so long or when it is cancelled
   */
  public static ScriptedCluster start(
      Session session, int slots, double serviceMillis, long holdMillis, Doors doors)
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
    ScriptedCluster cluster = new ScriptedCluster(session, data, plan, doors);
    Runtime.getRuntime().addShutdownHook(cluster.hook);
    try {
      cluster.bringUp(plan, plan.scripted(kit, slots, serviceMillis, holdMillis), doors);
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

  private void bringUp(ClusterPlan plan, ChildSpec worker, Doors doors)
      throws InterruptedException, BrokerException {
    supervisor.start(plan.broker()).awaitReady(PATIENCE);
    List<String> unusedNames = ClusterTopics.create(plan.kafka(), BASE);
    SupervisedChild gateway = supervisor.start(plan.gateway(doors.settings(), doors.tls()));
    supervisor.start(worker).awaitReady(PATIENCE);
    gateway.awaitReady(PATIENCE);
    FirstAnswer.await(this::client, PATIENCE);
  }

  /** A connection, with the key of this session if it has one. */
  public GatewayClient client() {
    return GatewayClient.to(endpoints, session);
  }

  /** Address of the API. */
  public String grpc() {
    return endpoints.grpc();
  }

  /** {@code host:port} of its HTTP side. */
  public String http() {
    return endpoints.http();
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
