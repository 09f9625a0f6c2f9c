package dev.unmask.gateway.lifecycle;

import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.PendingCalls;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.release.CanaryWatch;
import dev.unmask.gateway.messaging.BatchKeeper;
import dev.unmask.gateway.messaging.ClusterReader;
import dev.unmask.gateway.messaging.JobReader;
import dev.unmask.gateway.messaging.KafkaJobArchive;
import dev.unmask.gateway.messaging.KafkaOutbox;
import dev.unmask.gateway.messaging.LagReader;
import dev.unmask.gateway.messaging.ReplyReader;
import dev.unmask.v1.AdminGrpc;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.ModelsGrpc;
import dev.unmask.v1.inference.GRPCInferenceServiceGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.quarkus.grpc.runtime.health.GrpcHealthStorage;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * Starts the readers, opens the gate when they have caught up, keeps the gRPC health service in
 * step, and drains on shutdown.
 */
@Singleton
public class GatewayLifecycle {

  private static final Logger LOG = Logger.getLogger(GatewayLifecycle.class);
  private static final Duration FAST = Duration.ofMillis(20);
  private static final Duration SLOW = Duration.ofSeconds(1);

  private static final List<String> SERVICES =
      List.of(
          GrpcHealthStorage.DEFAULT_SERVICE_NAME,
          GenerationGrpc.SERVICE_NAME,
          AdminGrpc.SERVICE_NAME,
          GRPCInferenceServiceGrpc.SERVICE_NAME,
          "generation",
          JobsGrpc.SERVICE_NAME,
          FineTuningGrpc.SERVICE_NAME,
          FilesGrpc.SERVICE_NAME,
          ModelsGrpc.SERVICE_NAME);

  private final GatewayConfig config;
  private final Gate gate;
  private final PendingCalls pending;
  private final ReplyReader replies;
  private final ClusterReader cluster;
  private final BatchKeeper batches;
  private final JobReader jobs;
  private final KafkaJobArchive archive;
  private final LagReader lags;
  private final KafkaOutbox outbox;
  private final CanaryWatch canaries;
  private final ClusterView view;
  private final Health health;
  private final GrpcHealthStorage grpcHealth;
  private final Thread trials =
      Thread.ofPlatform().daemon().name("canary-watch").unstarted(this::watchTrials);
  private final Thread watch =
      Thread.ofPlatform().daemon().name("health-watch").unstarted(this::watch);

  public GatewayLifecycle(
      GatewayConfig config,
      Gate gate,
      PendingCalls pending,
      ReplyReader replies,
      ClusterReader cluster,
      BatchKeeper batches,
      JobReader jobs,
      KafkaJobArchive archive,
      LagReader lags,
      KafkaOutbox outbox,
      CanaryWatch canaries,
      ClusterView view,
      Health health,
      GrpcHealthStorage grpcHealth) {
    this.config = config;
    this.gate = gate;
    this.pending = pending;
    this.replies = replies;
    this.cluster = cluster;
    this.batches = batches;
    this.jobs = jobs;
    this.archive = archive;
    this.lags = lags;
    this.outbox = outbox;
    this.canaries = canaries;
    this.view = view;
    this.health = health;
    this.grpcHealth = grpcHealth;
  }

  void start(@Observes StartupEvent event) {
    publish(ServingStatus.NOT_SERVING);
    outbox.start();
    replies.start();
    cluster.start();
    batches.start();
    jobs.start();
    lags.start();
    watch.start();
    trials.start();
  }

  /** Refuses what is new, lets what runs finish, at most as long as configured. */
  void stop(@Observes ShutdownEvent event) throws InterruptedException {
    gate.drain();
    publish(ServingStatus.NOT_SERVING);
    LOG.infof("event=drain.begin running=%d", pending.size());
    boolean empty = pending.awaitEmpty(config.drainTimeout());
    LOG.infof("event=drain.end complete=%b left=%d", empty, pending.size());
    watch.interrupt();
    trials.interrupt();
    batches.close();
    jobs.close();
    archive.close();
    lags.close();
    replies.close();
    cluster.close();
    outbox.close();
  }

  /** The health watch's own thread: the probes' state changes without anybody asking. */
  private void watch() {
    ServingStatus last = ServingStatus.NOT_SERVING;
    ModelHealth models = new ModelHealth(view, grpcHealth::setStatus);
    try {
      while (!gate.draining()) {
        boolean ready = health.missing().isEmpty();
        if (ready && !gate.isOpen()) {
          gate.open();
          LOG.info("event=gateway.ready");
        }
        ServingStatus now = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        if (now != last) {
          publish(now);
          last = now;
        }
        models.look(ready);
        Thread.sleep(gate.isOpen() ? SLOW : FAST);
      }
      publish(ServingStatus.NOT_SERVING);
      models.look(false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The canary watch's own thread: it waits for records that it writes. */
  private void watchTrials() {
    try {
      while (!gate.draining()) {
        Thread.sleep(SLOW);
        if (gate.isOpen()) {
          canaries.look();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void publish(ServingStatus status) {
    for (String service : SERVICES) {
      grpcHealth.setStatus(service, status);
    }
  }
}
