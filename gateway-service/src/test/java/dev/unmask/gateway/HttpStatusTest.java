package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.testkit.ScriptedCall;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.ErrorCode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every row of the table of statuses in docs/api.md that this gateway can be in. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpStatusTest {

  private final TestGateway gateway = TestGateway.shared();

  private String completion(ScriptedSampler.Script script, String more) {
    return "{\"model\": \"%s\", \"prompt\": \"%s\"%s}"
        .formatted(gateway.base, gateway.prompt(script), more);
  }

  private Answer complete(ScriptedSampler.Script script, String more) {
    return HttpCaller.post("/v1/completions", completion(script, more));
  }

  @ParameterizedTest
  @CsvSource({
    "ERROR_CODE_INVALID_ARGUMENT, 400, invalid_request_error",
    "ERROR_CODE_UNAUTHENTICATED, 401, authentication_error",
    "ERROR_CODE_PERMISSION_DENIED, 403, permission_error",
    "ERROR_CODE_NOT_FOUND, 404, invalid_request_error",
    "ERROR_CODE_ABORTED, 409, invalid_request_error",
    "ERROR_CODE_ALREADY_EXISTS, 409, invalid_request_error",
    "ERROR_CODE_OUT_OF_RANGE, 410, invalid_request_error",
    "ERROR_CODE_FAILED_PRECONDITION, 412, invalid_request_error",
    "ERROR_CODE_RESOURCE_EXHAUSTED, 429, rate_limit_error",
    "ERROR_CODE_CANCELLED, 499, invalid_request_error",
    "ERROR_CODE_INTERNAL, 500, server_error",
    "ERROR_CODE_UNSPECIFIED, 500, server_error",
    "ERROR_CODE_UNIMPLEMENTED, 501, server_error",
    "ERROR_CODE_UNAVAILABLE, 503, server_error",
    "ERROR_CODE_DEADLINE_EXCEEDED, 504, server_error",
  })
  void whatASamplerSaysBecomesTheStatus(ErrorCode said, int status, String type) {
    Answer answer = complete(call -> call.fail(said, "It did not work."), "");
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.error().path("message").asText()).isEqualTo("It did not work.");
    assertThat(answer.error().path("type").asText()).isEqualTo(type);
    assertThat(answer.error().has("param")).isTrue();
    assertThat(answer.error().path("code").asText()).isNotEmpty();
    assertThat(answer.header("content-type")).isEqualTo("application/json");
  }

  @Test
  void aBadFieldIs400() {
    Answer answer = complete(ScriptedCall::started, ", \"diffusion\": {\"steps\": 0}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error().path("param").asText()).isEqualTo("diffusion.steps");
    assertThat(answer.error().path("code").asText()).isEqualTo("invalid_argument");
  }

  @Test
  void anUnknownModelIs404() {
    Answer answer =
        HttpCaller.post("/v1/completions", "{\"model\": \"no-such-model\", \"prompt\": \"x\"}");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.error().path("code").asText()).isEqualTo("model_not_found");
    assertThat(answer.error().path("param").asText()).isEqualTo("model");
    assertThat(HttpCaller.get("/v1/models/no-such-model").status()).isEqualTo(404);
  }

  @Test
  void aFullGatewayIs429WithATimeToComeBack() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch refused = new CountDownLatch(1);
    BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    List<Thread> callers =
        IntStream.range(0, 17)
            .mapToObj(i ->
                Thread.ofVirtual()
                    .start(() -> {
                      Answer answer =
                          complete(
                              call -> {
                                release.await();
                                call.finish("ok");
                              },
                              "");
                      answers.add(answer);
                      if (answer.status() != 200) {
                        refused.countDown();
                      }
                    }))
            .toList();
    assertThat(refused.await(30, TimeUnit.SECONDS)).isTrue();
    release.countDown();
    for (Thread caller : callers) {
      caller.join();
    }
    List<Answer> failed = answers.stream().filter(a -> a.status() != 200).toList();
    assertThat(failed).hasSize(1);
    assertThat(failed.getFirst().status()).isEqualTo(429);
    assertThat(failed.getFirst().header("retry-after")).isEqualTo("1");
  }

  @Test
  void aBaseWithoutSamplersIs503WithATimeToComeBack() throws Exception {
    // Two checkpoints with one base: only that of the other base has nobody to serve it.
    String lonely = gateway.lonelyModel();
    Answer answer =
        HttpCaller.post(
            "/v1/completions", "{\"model\": \"%s\", \"prompt\": \"x\"}".formatted(lonely));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(503);
    assertThat(answer.header("retry-after")).isEqualTo("1");
    assertThat(answer.error().path("type").asText()).isEqualTo("server_error");
  }

  @Test
  void aDeadlineThatPassesIs504() {
    ScriptedSampler.Script slow =
        call -> {
          call.awaitCancel(java.time.Duration.ofSeconds(10));
          call.finish("too late");
        };
    assertThat(complete(slow, ", \"deadline_ms\": 500").status()).isEqualTo(504);
    Answer byHeader =
        HttpCaller.send(
            HttpCaller.json("/v1/completions", completion(slow, ""))
                .header("x-deadline-ms", "500"));
    assertThat(byHeader.status()).isEqualTo(504);
    assertThat(
            HttpCaller.send(
                    HttpCaller.json("/v1/completions", completion(slow, ""))
                        .header("x-deadline-ms", "soon"))
                .status())
        .isEqualTo(400);
  }

  @Test
  void whatIsNotBuiltIs501() {
    Answer answer = complete(ScriptedCall::started, ", \"suffix\": \"the end\"");
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.error().path("param").asText()).isEqualTo("suffix");
  }
}
