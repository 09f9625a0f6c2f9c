package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.PendingCalls;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.QueueDepth;
import dev.unmask.gateway.flow.admission.Quotas;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.messaging.KafkaSettings;
import dev.unmask.gateway.telemetry.LogLevels;
import dev.unmask.v1.AdminGrpc;
import dev.unmask.v1.DrainRequest;
import dev.unmask.v1.GetServerInfoRequest;
import dev.unmask.v1.PauseGenerationRequest;
import dev.unmask.v1.QueueInfo;
import dev.unmask.v1.ResumeGenerationRequest;
import dev.unmask.v1.ServerInfo;
import dev.unmask.v1.SetLogLevelRequest;
import dev.unmask.v1.SetLogLevelResponse;
import dev.unmask.v1.SetQuotaRequest;
import dev.unmask.v1.SetQuotaResponse;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/** This gateway for operators; the door lets nobody else call it. */
@GrpcService
public class AdminService implements AdminGrpc.AsyncService, BindableService {

  private static final Logger LOG = Logger.getLogger(AdminService.class);
  private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private final Gate gate;
  private final PendingCalls pending;
  private final ClusterView cluster;
  private final QueueDepth depth;
  private final Quotas quotas;
  private final LogLevels levels = new LogLevels();
  private final String instance;

  public AdminService(
      Gate gate,
      PendingCalls pending,
      ClusterView cluster,
      QueueDepth depth,
      Quotas quotas,
      KafkaSettings settings) {
    this.gate = gate;
    this.pending = pending;
    this.cluster = cluster;
    this.depth = depth;
    this.quotas = quotas;
    this.instance = settings.instance();
  }

  @Override
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(AdminGrpc.bindService(this));
  }

  @Override
  public void getServerInfo(GetServerInfoRequest request, StreamObserver<ServerInfo> responses) {
    answer(request, responses, this::info);
  }

  @Override
  public void drain(DrainRequest request, StreamObserver<ServerInfo> responses) {
    answer(
        request,
        responses,
        () -> {
          LOG.warn("event=admin.drain");
          gate.drain();
          return info();
        });
  }

  @Override
  public void pauseGeneration(
      PauseGenerationRequest request, StreamObserver<ServerInfo> responses) {
    answer(request, responses, () -> pause(true));
  }

  @Override
  public void resumeGeneration(
      ResumeGenerationRequest request, StreamObserver<ServerInfo> responses) {
    answer(request, responses, () -> pause(false));
  }

  private ServerInfo pause(boolean now) {
    LOG.warnf("event=admin.pause paused=%b", now);
    gate.pause(now);
    return info();
  }

  @Override
  public void setQuota(SetQuotaRequest request, StreamObserver<SetQuotaResponse> responses) {
    answer(
        request,
        responses,
        () -> {
          if (!TENANT.matcher(request.getTenant()).matches()) {
            throw invalid(
                "tenant", "tenant must be a name of at most 64 letters, digits, . _ or -.");
          }
          if (request.getRequestsPerMinute() < 0) {
            throw invalid("requests_per_minute", "requests_per_minute is negative.");
          }
          if (request.getTokensPerMinute() < 0) {
            throw invalid("tokens_per_minute", "tokens_per_minute is negative.");
          }
          quotas.set(
              request.getTenant(),
              new Quotas.Limit(request.getRequestsPerMinute(), request.getTokensPerMinute()));
          return SetQuotaResponse.getDefaultInstance();
        });
  }

  @Override
  public void setLogLevel(
      SetLogLevelRequest request, StreamObserver<SetLogLevelResponse> responses) {
    answer(
        request,
        responses,
        () -> {
          LogLevels.Change change = levels.set(request.getLogger(), request.getLevel());
          LOG.warnf("event=admin.log-level logger=%s level=%s", request.getLogger(), change.now());
          return SetLogLevelResponse.newBuilder()
              .setBefore(change.before())
              .setNow(change.now())
              .build();
        });
  }

  private ServerInfo info() {
    ServerInfo.Builder info =
        ServerInfo.newBuilder()
            .setInstance(instance)
            .setState(gate.name())
            .setCalls(pending.size())
            .setMostCalls(pending.limit())
            .addAllWorkers(cluster.heardOf())
            .putAllLogLevels(levels.all());
    for (String base : cluster.bases()) {
      info.addQueues(
          QueueInfo.newBuilder()
              .setBase(base)
              .setInteractive(depth.unfinished(base, false))
              .setBulk(depth.unfinished(base, true)));
    }
    return info.build();
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }

  private <T> void answer(Message request, StreamObserver<T> responses, Replies.Answer<T> answer) {
    Replies.now(request, responses, answer);
  }
}
