package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.BadRequest;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationEvent.EventCase;
import dev.unmask.v1.SamplingParams;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@code n} over gRPC, and frames that keep their distance. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class SeveralAnswersTest {

  private final TestGateway gateway = TestGateway.shared();

  private static StatusRuntimeException failure(Runnable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::run);
  }

  private GenerateRequest several(int n, ScriptedSampler.Script script) {
    return gateway.request(script).toBuilder()
        .setSampling(SamplingParams.newBuilder().setN(n).setSeed(7))
        .build();
  }

  private static final ScriptedSampler.Script ITS_SEED =
      call -> {
        String seed = Long.toString(call.job().getRequest().getSampling().getSeed());
        call.started();
        if (call.wantsProgress()) {
          call.text(0, seed);
        }
        call.finish(seed);
      };

  @Test
  void severalAnswersComeTogether() {
    GenerateResponse first = gateway.blocking().generate(several(3, ITS_SEED));
    assertThat(first.getText()).isEqualTo("7");
    assertThat(first.getOthersList()).hasSize(2);
    assertThat(first.getOthers(0).getText()).isNotEqualTo(first.getOthers(1).getText());
    GenerateResponse again = gateway.blocking().generate(several(3, ITS_SEED));
    assertThat(again.getOthers(1).getText()).isEqualTo(first.getOthers(1).getText());
    assertThat(first.getOthers(0).getRequestId()).isNotEqualTo(first.getRequestId());
  }

  @Test
  void aStreamOfSeveralAnswersSaysWhichOneAnEventBelongsTo() {
    List<GenerationEvent> all = new ArrayList<>();
    gateway
        .blocking()
        .generateStream(GenerateStreamRequest.newBuilder().setRequest(several(2, ITS_SEED)).build())
        .forEachRemaining(all::add);
    for (int answer = 0; answer < 2; answer++) {
      int which = answer;
      List<GenerationEvent> own = all.stream().filter(e -> e.getAnswer() == which).toList();
      assertThat(own.getLast().hasFinal()).isTrue();
      assertThat(
              own.stream()
                  .filter(GenerationEvent::hasText)
                  .map(e -> e.getText().getDelta())
                  .reduce("", String::concat))
          .isEqualTo(own.getLast().getFinal().getText());
    }
    assertThat(all.stream().filter(GenerationEvent::hasFinal)).hasSize(2);
  }

  @Test
  void oneFailureStandsForAllAnswers() {
    AtomicInteger asked = new AtomicInteger();
    StatusRuntimeException e =
        failure(() -> {
          var unused =
              gateway
                  .blocking()
                  .generate(
                      several(
                          2,
                          call -> {
                            if (asked.incrementAndGet() == 1) {
                              call.fail(ErrorCode.ERROR_CODE_INTERNAL, "It broke.");
                            } else {
                              boolean unusedWhether = call.awaitCancel(Duration.ofSeconds(10));
                              call.finish("too late");
                            }
                          }));
        });
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(e.getStatus().getDescription()).isEqualTo("It broke.");
    StatusRuntimeException many =
        failure(() -> {
          var unused = gateway.blocking().generate(several(65, ITS_SEED));
        });
    assertThat(TestGateway.detail(many, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo("sampling.n");
  }

  @Test
  void framesComeNoCloserThanTheCallerWants() {
    ScriptedSampler.Script letters =
        call -> {
          call.started();
          for (String letter : List.of("ab", "cd", "ef", "gh", "ij")) {
            call.text(0, letter);
          }
          call.finish("abcdefghij");
        };
    List<GenerationEvent> all = new ArrayList<>();
    gateway
        .blocking()
        .generateStream(
            GenerateStreamRequest.newBuilder()
                .setRequest(gateway.request(letters))
                .setMinFrameIntervalMs(60_000)
                .build())
        .forEachRemaining(all::add);
    // The first one comes at once, the last one does not wait, what is between melts into it.
    assertThat(all.stream().map(GenerationEvent::getEventCase))
        .containsExactly(EventCase.STARTED, EventCase.TEXT, EventCase.FINAL);
    assertThat(all.get(1).getText().getDelta()).isEqualTo("abcdefghij");
    StatusRuntimeException e =
        failure(() ->
            gateway
                .blocking()
                .generateStream(
                    GenerateStreamRequest.newBuilder()
                        .setRequest(gateway.request(letters))
                        .setMinFrameIntervalMs(-1)
                        .build())
                .forEachRemaining(event -> {}));
    assertThat(TestGateway.detail(e, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo("min_frame_interval_ms");
  }
}
