package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.ModelsGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class ServiceSurfaceTest {

  @TestHTTPResource("/q")
  URI http;

  private final TestGateway gateway = TestGateway.shared();

  private ServingStatus health(String service) {
    return HealthGrpc.newBlockingStub(gateway.channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .check(HealthCheckRequest.newBuilder().setService(service).build())
        .getStatus();
  }

  private HttpResponse<String> get(String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(http + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void theStandardHealthClientSeesEveryService() {
    TestGateway.await("the gateway serves", () -> health("") == ServingStatus.SERVING);
    assertThat(
            List.of(
                "unmask.v1.Generation",
                "unmask.v1.Jobs",
                "unmask.v1.Models",
                "unmask.v1.Files",
                "unmask.v1.FineTuning",
                "unmask.v1.Admin",
                "inference.GRPCInferenceService",
                "generation"))
        .allSatisfy(service -> assertThat(health(service)).isEqualTo(ServingStatus.SERVING));
    // Quarkus answers UNKNOWN where the protocol allows NOT_FOUND too.
    try {
      assertThat(health("unmask.v1.Nothing")).isEqualTo(ServingStatus.UNKNOWN);
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }
  }

  @Test
  void everyModelHasAHealthOfItsOwn() throws Exception {
    TestGateway.await(
        "the model serves", () -> health("model:" + gateway.base) == ServingStatus.SERVING);
    String lonely = gateway.lonelyModel();
    TestGateway.await(
        "the gateway says that nobody serves the lonely model",
        () -> health("model:" + lonely) == ServingStatus.NOT_SERVING);
  }

  @Test
  void theReflectionClientListsEveryService() throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> call =
        ServerReflectionGrpc.newStub(gateway.channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable cause) {
                    answer.completeExceptionally(cause);
                  }

                  @Override
                  public void onCompleted() {}
                });
    call.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    assertThat(answer.get(60, TimeUnit.SECONDS).getListServicesResponse().getServiceList())
        .extracting(ServiceResponse::getName)
        .contains(
            "unmask.v1.Generation",
            "unmask.v1.Models",
            "unmask.v1.Files",
            "unmask.v1.FineTuning",
            "unmask.v1.Jobs",
            "unmask.v1.Admin",
            "inference.GRPCInferenceService",
            "grpc.health.v1.Health");
    call.onCompleted();
  }

  @Test
  void aModelIsListedWithItsAliasesAndWorkers() {
    List<ModelVersion> models =
        ModelsGrpc.newBlockingStub(gateway.channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .list(ListModelsRequest.newBuilder().setName(gateway.base).build())
            .getModelsList();
    assertThat(models)
        .singleElement()
        .satisfies(m -> {
          assertThat(m.getDigest()).isEqualTo(gateway.model.digest());
          assertThat(m.getBase()).isEqualTo(gateway.base);
          assertThat(m.getKind()).isEqualTo("full");
          assertThat(m.getContextLength()).isEqualTo(2048);
          assertThat(m.getParameters()).isPositive();
          assertThat(m.getAliasesList()).containsExactly(gateway.base + "@default");
          assertThat(m.getLiveWorkersList()).containsExactly("beacon-" + gateway.base);
        });
  }

  @Test
  void probesAndMetricsAreOnTheHttpPort() throws Exception {
    var unused = gateway.blocking().generate(gateway.request(ScriptedSampler.answering("x")));
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    String metrics = get("/metrics").body();
    assertThat(metrics)
        .contains(
            "unmask_request_success_total{finish_reason=\"stop\"",
            "unmask_num_requests_running",
            "unmask_num_requests_waiting",
            "unmask_e2e_request_latency_seconds_bucket",
            "unmask_request_queue_time_seconds_count",
            "unmask_kafka_produce_latency_seconds_count",
            "unmask_finetune_jobs{state=\"queued\"");
  }

  @Test
  void anUnknownMethodIsUnimplemented() {
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                io.grpc.stub.ClientCalls.blockingUnaryCall(
                    gateway.channel,
                    ModelsGrpc.getListMethod().toBuilder()
                        .setFullMethodName("unmask.v1.Models/Retire")
                        .build(),
                    io.grpc.CallOptions.DEFAULT,
                    ListModelsRequest.getDefaultInstance()));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
  }
}
