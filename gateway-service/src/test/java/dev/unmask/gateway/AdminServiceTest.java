package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.api.grpc.AdminService;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.PendingCalls;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.Quotas;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.messaging.KafkaSettings;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.release.GateLimits;
import dev.unmask.v1.DrainRequest;
import dev.unmask.v1.GetServerInfoRequest;
import dev.unmask.v1.PauseGenerationRequest;
import dev.unmask.v1.ResumeGenerationRequest;
import dev.unmask.v1.ServerInfo;
import dev.unmask.v1.SetLogLevelRequest;
import dev.unmask.v1.SetLogLevelResponse;
import dev.unmask.v1.SetQuotaRequest;
import dev.unmask.v1.SetQuotaResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.logging.Logger;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class AdminServiceTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final Gate gate = new Gate(SECOND);
  private final Quotas quotas = new Quotas(Map.of(), System::nanoTime);

  private final AdminService admin =
      new AdminService(
          gate,
          new PendingCalls(7),
          new ClusterView(Clock.systemUTC(), SECOND, GateLimits.USUAL),
          (base, bulk) -> 0,
          quotas,
          new KafkaSettings(KafkaAccess.plain("127.0.0.1:1"), "me", SECOND));

  private static <T> CompletableFuture<T> call(Consumer<StreamObserver<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    call.accept(
        new StreamObserver<>() {
          @Override
          public void onNext(T value) {
            answer.complete(value);
          }

          @Override
          public void onError(Throwable cause) {
            answer.completeExceptionally(cause);
          }

          @Override
          public void onCompleted() {}
        });
    return answer;
  }

  private static Status.Code code(CompletableFuture<?> answer) {
    return Status.fromThrowable(answer.exceptionNow()).getCode();
  }

  @Test
  void anOperatorPausesResumesAndDrains() throws Exception {
    gate.open();
    CompletableFuture<ServerInfo> info =
        call(o -> admin.getServerInfo(GetServerInfoRequest.getDefaultInstance(), o));
    assertThat(info.join().getState()).isEqualTo("open");
    assertThat(info.join().getInstance()).isEqualTo("me");
    assertThat(info.join().getMostCalls()).isEqualTo(7);
    CompletableFuture<ServerInfo> paused =
        call(o -> admin.pauseGeneration(PauseGenerationRequest.getDefaultInstance(), o));
    assertThat(paused.join().getState()).isEqualTo("paused");
    gate.enter();
    assertThat(gate.closedForGeneration().orElseThrow().retryAfter()).isEqualTo(SECOND);
    CompletableFuture<ServerInfo> resumed =
        call(o -> admin.resumeGeneration(ResumeGenerationRequest.getDefaultInstance(), o));
    assertThat(resumed.join().getState()).isEqualTo("open");
    assertThat(gate.closedForGeneration()).isEmpty();
    CompletableFuture<ServerInfo> draining =
        call(o -> admin.drain(DrainRequest.getDefaultInstance(), o));
    assertThat(draining.join().getState()).isEqualTo("draining");
    Assertions.assertThatThrownBy(gate::enter).isInstanceOf(RefusedException.class);
    gate.look();
  }

  @Test
  void aQuotaCountsFromNowOn() throws Exception {
    CompletableFuture<SetQuotaResponse> set =
        call(o ->
            admin.setQuota(
                SetQuotaRequest.newBuilder().setTenant("few").setRequestsPerMinute(1).build(), o));
    assertThat(set.join()).isNotNull();
    quotas.charge("few", 1);
    Assertions.assertThatThrownBy(() -> quotas.charge("few", 1))
        .isInstanceOf(RefusedException.class);
    CompletableFuture<SetQuotaResponse> bad =
        call(o -> admin.setQuota(SetQuotaRequest.newBuilder().setTenant("a b").build(), o));
    assertThat(code(bad)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    CompletableFuture<SetQuotaResponse> negative =
        call(o ->
            admin.setQuota(
                SetQuotaRequest.newBuilder().setTenant("a").setTokensPerMinute(-1).build(), o));
    assertThat(code(negative)).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void aLoggerSaysMoreUntilItIsToldToStop() {
    String name = "dev.unmask.gateway.test." + System.nanoTime();
    Logger logger = Logger.getLogger(name);
    CompletableFuture<SetLogLevelResponse> set =
        call(o ->
            admin.setLogLevel(
                SetLogLevelRequest.newBuilder().setLogger(name).setLevel("DEBUG").build(), o));
    assertThat(set.join().getNow()).isEqualTo("DEBUG");
    assertThat(logger.isLoggable(java.util.logging.Level.FINE)).isTrue();
    CompletableFuture<ServerInfo> info =
        call(o -> admin.getServerInfo(GetServerInfoRequest.getDefaultInstance(), o));
    assertThat(info.join().getLogLevelsMap()).containsEntry(name, "DEBUG");
    CompletableFuture<SetLogLevelResponse> back =
        call(o -> admin.setLogLevel(SetLogLevelRequest.newBuilder().setLogger(name).build(), o));
    assertThat(back.join().getBefore()).isEqualTo("DEBUG");
    assertThat(back.join().getNow()).isEqualTo(set.join().getBefore());
    CompletableFuture<SetLogLevelResponse> bad =
        call(o ->
            admin.setLogLevel(
                SetLogLevelRequest.newBuilder().setLogger(name).setLevel("LOUD").build(), o));
    assertThat(code(bad)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(bad.exceptionNow()).hasMessageContaining("DEBUG, ERROR, INFO, WARN");
  }
}
