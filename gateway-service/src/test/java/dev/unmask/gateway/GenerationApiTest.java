package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.UnknownFieldSet;
import com.google.rpc.BadRequest;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.ScriptedCall;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationControl;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.SlotCommit;
import dev.unmask.v1.StreamMode;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class GenerationApiTest {

  private final TestGateway gateway = TestGateway.shared();

  private StatusRuntimeException failure(GenerateRequest request) {
    return catchThrowableOfType(
        StatusRuntimeException.class, () -> gateway.blocking().generate(request));
  }

  /** E.g. {@code text:Par}; for steps {@code step:0=65}. */
  private static List<String> shown(List<GenerationEvent> events) {
    return events.stream()
        .map(e ->
            switch (e.getEventCase()) {
              case STARTED -> "started";
              case TEXT -> "text:" + e.getText().getDelta();
              case STEP ->
                  "step:"
                      + String.join(
                          ",",
                          e.getStep().getCommitsList().stream()
                              .map(c -> c.getSlot() + "=" + c.getTokenId())
                              .toList());
              case RESTARTED -> "restarted";
              case FINAL -> "final:" + e.getFinal().getText();
              case FAILED, SCORED, EVENT_NOT_SET -> "unexpected " + e;
            })
        .toList();
  }

  private static GenerationEvent.Builder step(int slot, int token) {
    return GenerationEvent.newBuilder()
        .setStep(
            CanvasStep.newBuilder()
                .addCommits(SlotCommit.newBuilder().setSlot(slot).setTokenId(token)));
  }

  @Test
  void aUnaryCallGetsOneWholeAnswer() {
    GenerateResponse answer =
        gateway.blocking().generate(gateway.request(ScriptedSampler.answering("Paris.")));
    assertThat(answer.getText()).isEqualTo("Paris.");
    assertThat(answer.getModelDigest()).isEqualTo(gateway.model.digest());
    assertThat(answer.getModel()).isEqualTo(gateway.base);
    assertThat(answer.getRequestId()).startsWith("gen-");
    assertThat(answer.getAttempt()).isEqualTo(1);
    assertThat(answer.getTiming().getTotalMs()).isPositive();
  }

  @Test
  void aScoreComesBackOnceWithItsDigestAndTime() {
    ScoreResponse score =
        gateway
            .blocking()
            .score(
                gateway.scoreRequest(call -> {
                  call.score(-7.5, 0.25, 3);
                  call.repeat();
                }));
    assertThat(score.getLogLikelihood()).isEqualTo(-7.5);
    assertThat(score.getStandardError()).isEqualTo(0.25);
    assertThat(score.getSamples()).isEqualTo(8);
    assertThat(score.getPerplexity()).isEqualTo(Math.exp(2.5));
    assertThat(score.getModelDigest()).isEqualTo(gateway.model.digest());
    assertThat(score.getRequestId()).startsWith("gen-");
    assertThat(score.getTiming().getTotalMs()).isPositive();
  }

  @Test
  void aScoreThatFailsIsTheCallsStatus() {
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                gateway
                    .blocking()
                    .score(
                        gateway.scoreRequest(call ->
                            call.fail(
                                ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
                                "the continuation is too long"))));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(e).hasMessageContaining("too long");
  }

  @Test
  void aFinalStreamShowsStartAndEnd() {
    assertThat(shown(gateway.stream(StreamMode.STREAM_MODE_FINAL, ScriptedSampler.answering("x"))))
        .containsExactly("started", "final:x");
  }

  @Test
  void aBlockStreamShowsCommittedText() {
    assertThat(
            shown(
                gateway.stream(
                    StreamMode.STREAM_MODE_BLOCK,
                    call -> {
                      call.started();
                      call.text(0, "The capital ");
                      call.text(1, "is Paris.");
                      call.finish("The capital is Paris.");
                    })))
        .containsExactly(
            "started", "text:The capital ", "text:is Paris.", "final:The capital is Paris.");
  }

  @Test
  void aStepStreamShowsEveryCommit() {
    assertThat(
            shown(
                gateway.stream(
                    StreamMode.STREAM_MODE_STEP_DELTA,
                    call -> {
                      call.started();
                      call.emit(step(1, 66));
                      call.emit(step(0, 65));
                      call.text(0, "AB");
                      call.finish("AB");
                    })))
        .containsExactly("started", "step:1=66", "step:0=65", "text:AB", "final:AB");
  }

  @Test
  void aSecondAttemptIsNotSeenWhenItRepeatsTheFirst() {
    List<GenerationEvent> events =
        gateway.stream(
            StreamMode.STREAM_MODE_BLOCK,
            call -> {
              call.started();
              call.text(0, "The cap");
              if (call.attempt() == 1) {
                throw call.crash();
              }
              call.text(0, "ital is Paris.");
              call.finish("The capital is Paris.");
            });
    assertThat(events.get(events.size() - 1).getAttempt()).isEqualTo(2);
    assertThat(shown(events))
        .containsExactly(
            "started", "text:The cap", "text:ital is Paris.", "final:The capital is Paris.");
  }

  @Test
  void aSecondAttemptThatChangesSentTextIsAborted() {
    ScriptedSampler.Script script =
        call -> {
          call.text(0, call.attempt() == 1 ? "Paris" : "Lyon");
          if (call.attempt() == 1) {
            throw call.crash();
          }
          call.finish("Lyon");
        };
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> gateway.stream(StreamMode.STREAM_MODE_BLOCK, script));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
    assertThat(e.getStatus().getDescription()).contains("Attempt 2");
  }

  @Test
  void aSecondAttemptThatChangesTheCanvasRestartsIt() {
    assertThat(
            shown(
                gateway.stream(
                    StreamMode.STREAM_MODE_STEP_DELTA,
                    call -> {
                      call.emit(step(0, 64 + call.attempt()));
                      if (call.attempt() == 1) {
                        throw call.crash();
                      }
                      call.emit(step(1, 70));
                      call.finish("BF");
                    })))
        .containsExactly("step:0=65", "restarted", "step:0=66", "step:1=70", "text:BF", "final:BF");
  }

  @Test
  void aTerminalEventThatComesTwiceIsSeenOnce() throws Exception {
    CountDownLatch repeated = new CountDownLatch(1);
    List<GenerationEvent> events =
        gateway.stream(
            StreamMode.STREAM_MODE_FINAL,
            call -> {
              call.finish("once");
              call.repeat();
              repeated.countDown();
            });
    assertThat(repeated.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(shown(events)).containsExactly("final:once");
  }

  @Test
  void aSnapshotShowsTheWholeCanvasAtEachStep() {
    List<GenerationEvent> events =
        gateway.stream(
            StreamMode.STREAM_MODE_STEP_SNAPSHOT,
            call -> {
              call.started();
              call.emit(step(3, 65));
              call.pause(Duration.ofMillis(100));
              call.emit(step(1, 66));
              call.finish("AB");
            });
    assertThat(shown(events))
        .contains("started", "step:1=66,3=65", "final:AB")
        .doesNotContain("step:1=66");
  }

  @Test
  void aCancelReachesTheSampler() throws Exception {
    BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
    CountDownLatch running = new CountDownLatch(1);
    GenerateRequest request =
        gateway.request(call -> {
          call.started();
          running.countDown();
          heard.add(call.awaitCancel(Duration.ofSeconds(10)));
          call.fail(ErrorCode.ERROR_CODE_CANCELLED, "cancelled");
        });
    Context.CancellableContext caller = Context.current().withCancellation();
    Thread call = Thread.ofVirtual().start(() -> caller.run(() -> failure(request)));
    assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
    caller.cancel(null);
    call.join();
    assertThat(heard.poll(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theDeadlineInTheRequestEndsTheCall() throws Exception {
    BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
    StatusRuntimeException e =
        failure(
            gateway
                .request(call -> {
                  heard.add(call.awaitCancel(Duration.ofSeconds(10)));
                  call.finish("too late");
                })
                .toBuilder()
                .setDeadlineMs(1500)
                .build());
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(e.getStatus().getDescription()).contains("1500 ms");
    assertThat(TestGateway.detail(e, RequestInfo.class).getRequestId()).startsWith("gen-");
    assertThat(heard.poll(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theCallersOwnDeadlineReachesTheSampler() throws Exception {
    BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
    GenerateRequest request =
        gateway.request(call -> {
          heard.add(call.awaitCancel(Duration.ofSeconds(10)));
          call.finish("too late");
        });
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                gateway
                    .blocking()
                    .withDeadlineAfter(1500, TimeUnit.MILLISECONDS)
                    .generate(request));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(heard.poll(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theCallersOwnDeadlineTravelsWithTheRequest() throws Exception {
    BlockingQueue<GenerationJob> jobs = new LinkedBlockingQueue<>();
    GenerateRequest request =
        gateway.request(call -> {
          jobs.add(call.job());
          call.finish("in time");
        });
    var unused = gateway.blocking().withDeadlineAfter(40, TimeUnit.SECONDS).generate(request);
    GenerationJob job = jobs.take();
    assertThat(job.getDeadlineAtMs() - job.getAdmittedAtMs()).isBetween(20_000L, 40_000L);
  }

  @ParameterizedTest
  @CsvSource({
    "ERROR_CODE_INVALID_ARGUMENT, INVALID_ARGUMENT",
    "ERROR_CODE_NOT_FOUND, NOT_FOUND",
    "ERROR_CODE_RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED",
    "ERROR_CODE_UNAVAILABLE, UNAVAILABLE",
    "ERROR_CODE_FAILED_PRECONDITION, FAILED_PRECONDITION",
    "ERROR_CODE_INTERNAL, INTERNAL",
    "ERROR_CODE_UNIMPLEMENTED, UNIMPLEMENTED",
    "ERROR_CODE_UNSPECIFIED, INTERNAL",
    "ERROR_CODE_UNAUTHENTICATED, UNAUTHENTICATED",
    "ERROR_CODE_PERMISSION_DENIED, PERMISSION_DENIED",
    "ERROR_CODE_ABORTED, ABORTED",
    "ERROR_CODE_ALREADY_EXISTS, ALREADY_EXISTS",
    "ERROR_CODE_OUT_OF_RANGE, OUT_OF_RANGE",
    "ERROR_CODE_CANCELLED, CANCELLED",
    "ERROR_CODE_DEADLINE_EXCEEDED, DEADLINE_EXCEEDED",
  })
  void whatASamplerSaysBecomesTheStatus(ErrorCode said, Status.Code status) {
    StatusRuntimeException e =
        failure(gateway.request(call -> call.fail(said, "It did not work.")));
    assertThat(e.getStatus().getCode()).isEqualTo(status);
    assertThat(e.getStatus().getDescription()).isEqualTo("It did not work.");
  }

  @Test
  void aBadFieldIsNamed() {
    GenerateRequest.Builder request = gateway.request(ScriptedCall::started).toBuilder();
    request.getDiffusionBuilder().setGenLength(60).setBlockLength(16);
    StatusRuntimeException e = failure(request.build());
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(TestGateway.detail(e, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo("diffusion.gen_length");
    assertThat(e.getStatus().getDescription()).contains("64 would be");
  }

  @Test
  void theContextComesFromTheManifest() {
    GenerateRequest.Builder request = gateway.request(ScriptedCall::started).toBuilder();
    request.getDiffusionBuilder().setGenLength(4096);
    assertThat(failure(request.build()).getStatus().getDescription()).contains("4096", "2048");
  }

  @Test
  void anUnknownFieldIsRefused() {
    GenerateRequest request =
        gateway.request(ScriptedCall::started).toBuilder()
            .setUnknownFields(
                UnknownFieldSet.newBuilder()
                    .addField(77, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                    .build())
            .build();
    StatusRuntimeException e = failure(request);
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(e.getStatus().getDescription()).contains("77");
  }

  @Test
  void anUnknownModelIsNotFound() {
    StatusRuntimeException e =
        failure(
            gateway.request(ScriptedCall::started).toBuilder().setModel("no-such-model").build());
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(e.getStatus().getDescription()).contains("no-such-model");
  }

  @Test
  void aBaseWithoutSamplersSaysWhenToComeBack() throws Exception {
    StatusRuntimeException e =
        failure(
            GenerateRequest.newBuilder().setModel(gateway.lonelyModel()).setPrompt("x").build());
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(TestGateway.detail(e, RetryInfo.class).getRetryDelay().getSeconds()).isEqualTo(1);
  }

  @Test
  void aFullGatewaySaysWhenToComeBack() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch refused = new CountDownLatch(1);
    BlockingQueue<StatusRuntimeException> errors = new LinkedBlockingQueue<>();
    List<Thread> callers =
        java.util.stream.IntStream.range(0, 17)
            .mapToObj(i ->
                Thread.ofVirtual()
                    .start(() -> {
                      try {
                        var unused =
                            gateway
                                .blocking()
                                .generate(
                                    gateway.request(call -> {
                                      release.await();
                                      call.finish("ok");
                                    }));
                      } catch (StatusRuntimeException e) {
                        errors.add(e);
                        refused.countDown();
                      }
                    }))
            .toList();
    assertThat(refused.await(30, TimeUnit.SECONDS)).isTrue();
    release.countDown();
    for (Thread caller : callers) {
      caller.join();
    }
    assertThat(errors).hasSize(1);
    StatusRuntimeException e = errors.take();
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(TestGateway.detail(e, RetryInfo.class).getRetryDelay().getSeconds()).isEqualTo(1);
  }

  @Test
  void aDeadCallLeavesItsCancelOnTheTopic() throws Exception {
    BlockingQueue<String> ids = new LinkedBlockingQueue<>();
    try (TopicLog control = gateway.kafka.follow(Topics.CONTROL)) {
      failure(
          gateway
              .request(call -> {
                ids.add(call.requestId());
                call.awaitCancel(Duration.ofSeconds(10));
                call.finish("");
              })
              .toBuilder()
              .setDeadlineMs(1000)
              .build());
      byte[] record = control.awaitValues(ids.take(), 1, TestGateway.PATIENCE).get(0);
      GenerationControl cancel = GenerationControl.parseFrom(record);
      assertThat(cancel.getCancel().getReason()).isEqualTo("deadline exceeded");
      assertThat(cancel.getCancel().getRememberUntilMs()).isPositive();
    }
  }
}
