package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Headers;
import dev.unmask.store.Digest;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DeadLetter;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.TokenIds;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One worker that serves one model. */
@ExtendWith(KafkaExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class SamplerWorkerTest {

  /** Slow enough that a long canvas is still running when the test acts on it. */
  private static final TinyModel MODEL = TinyModel.small().ofSize(6, 128);

  private Desk desk;
  private SamplerWorker worker;
  private Digest digest;

  @BeforeAll
  void startWorker(TestKafka kafka, @TempDir Path folder) throws Exception {
    desk = new Desk(kafka, folder);
    digest = desk.publish(MODEL, desk.base);
    desk.alias(desk.base, digest, 1);
    worker = desk.worker("one");
  }

  @AfterAll
  void stopWorker() throws Exception {
    worker.close();
    desk.awaitState("one", WorkerState.WORKER_STATE_STOPPED);
    desk.close();
  }

  @Test
  void answersOnResultsAndOnTheReplyTopic() throws Exception {
    desk.request(job("plain", 32, 16).build());

    GenerationEvent reply = desk.awaitReply("plain");
    assertThat(reply.getFinal().getModelDigest()).isEqualTo(digest.toString());
    assertThat(reply.getFinal().getModel()).isEqualTo(desk.base);
    assertThat(reply.getFinal().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    assertThat(reply.getFinal().getText()).isNotEmpty();
    assertThat(reply.getFinal().getTokenIdsCount()).isEqualTo(32);
    assertThat(reply.getFinal().getUsage().getDenoisingSteps()).isEqualTo(16);
    assertThat(reply.getFinal().getUsage().getPromptTokens()).isGreaterThan(5);
    var timing = reply.getFinal().getTiming();
    assertThat(timing.getTotalMs()).isPositive();
    assertThat(timing.getWaitingMs())
        .as("for the engine's first step at least, and within the request's time")
        .isPositive()
        .isLessThan(timing.getTotalMs());
    assertThat(reply.getFinal().getAttempt()).isEqualTo(1);
    assertThat(reply.getFinal().getWorker()).isEqualTo("one");
    assertThat(desk.awaitResults("plain")).containsExactly(reply);
    assertThat(desk.replies("plain").stream().map(GenerationEvent::getSeq))
        .as("started, then the answer")
        .containsExactly(0L, 1L);
    var raw = desk.awaitReplyRecord("plain", GenerationEvent::hasFinal);
    assertThat(raw.partition()).isEqualTo(1);
    assertThat(Desk.header(raw, Headers.REPLY_INSTANCE)).isEqualTo("desk");
  }

  @Test
  void secondRunOfTheSameRequestIsTheSame() throws Exception {
    GenerateRequest.Builder warm = job("x", 32, 32).getRequest().toBuilder();
    warm.getSamplingBuilder().setTemperature(1.0).setSeed(77);
    desk.request(job("same-1", 32, 32).setRequest(warm).build());
    desk.request(job("same-2", 32, 32).setRequest(warm).build());

    List<Integer> first = desk.awaitReply("same-1").getFinal().getTokenIdsList();
    assertThat(desk.awaitReply("same-2").getFinal().getTokenIdsList()).isEqualTo(first);
    assertThat(desk.awaitReply("same-1").getFinal().getSeed()).isEqualTo(77);
  }

  @Test
  void streamsStepsAndCommittedTextInOrder() throws Exception {
    desk.request(job("steps", 64, 16).setEvents(EventDetail.EVENT_DETAIL_STEP).build());

    GenerationEvent last = desk.awaitReply("steps");
    List<GenerationEvent> events = desk.replies("steps");
    assertThat(events.stream().map(GenerationEvent::getSeq).toList())
        .isEqualTo(java.util.stream.LongStream.range(0, events.size()).boxed().toList());
    assertThat(events.getFirst().getStarted().getModelDigest()).isEqualTo(digest.toString());
    assertThat(events.getFirst().getStarted().getCanvasLength()).isEqualTo(64);
    assertThat(events.stream().filter(GenerationEvent::hasStep)).hasSize(16);
    assertThat(
            events.stream()
                .filter(GenerationEvent::hasStep)
                .mapToInt(e -> e.getStep().getCommitsCount())
                .sum())
        .isEqualTo(64);
    assertThat(text(events)).isEqualTo(last.getFinal().getText());
  }

  @Test
  void streamsBlocksOnlyAsText() throws Exception {
    desk.request(job("blocks", 64, 16).setEvents(EventDetail.EVENT_DETAIL_BLOCK).build());

    GenerationEvent last = desk.awaitReply("blocks");
    List<GenerationEvent> events = desk.replies("blocks");
    assertThat(events.stream().filter(GenerationEvent::hasStep)).isEmpty();
    assertThat(events.stream().filter(GenerationEvent::hasText)).hasSizeBetween(1, 3);
    assertThat(text(events)).isEqualTo(last.getFinal().getText());
  }

  @Test
  void jsonRequestGetsJsonReplies() throws Exception {
    Map<String, String> headers = desk.headers();
    headers.put(Headers.CONTENT_TYPE, "application/json");
    String json =
        """
        {"request": {"messages": {"messages": [{"role": "user", "content": "Hi"}]},
                     "diffusion": {"genLength": 16, "steps": 4}}}
        """;
    desk.request("json", json.getBytes(StandardCharsets.UTF_8), headers);

    var raw = desk.awaitReplyRecord("json", GenerationEvent::hasFinal);
    assertThat(Desk.header(raw, Headers.CONTENT_TYPE)).isEqualTo("application/json");
    assertThat(new String(raw.value(), StandardCharsets.UTF_8))
        .contains("\"requestId\": \"json\"")
        .contains(digest.toString());
  }

  @Test
  void bulkRequestsHaveASlotOfTheirOwn() throws Exception {
    for (int i = 0; i < 3; i++) {
      desk.request(job("hog-" + i, 1024, 1024).build());
    }
    for (int i = 0; i < 3; i++) {
      var unused = desk.awaitReplyRecord("hog-" + i, GenerationEvent::hasStarted);
    }
    desk.bulk(job("bulk", 16, 4).build());

    assertThat(desk.awaitReply("bulk").hasFinal()).isTrue();
    for (int i = 0; i < 3; i++) {
      assertThat(desk.replies("hog-" + i)).as("still running").hasSize(1);
      desk.cancel("hog-" + i);
    }
    for (int i = 0; i < 3; i++) {
      assertThat(desk.awaitReply("hog-" + i).getFailed().getCode())
          .isEqualTo(ErrorCode.ERROR_CODE_CANCELLED);
    }
    assertThat(desk.meters.get("unmask_step_batch_size").summary().max())
        .as("requests that ran at once shared forwards")
        .isGreaterThanOrEqualTo(3);
  }

  @Test
  void replyTopicWithoutThePrefixIsADeadLetter() throws Exception {
    Map<String, String> headers = desk.headers();
    headers.put(Headers.REPLY_TOPIC, "unmask.checkpoints");
    GenerationJob job = job("bad-topic", 16, 4).build();
    desk.request("bad-topic", job.toByteArray(), headers);

    DeadLetter letter = desk.awaitDeadLetter("bad-topic");
    assertThat(letter.getReason()).contains("unmask.checkpoints").contains("unmask.replies.");
    assertThat(letter.getRecordValue()).isEqualTo(job.toByteString());
    assertThat(letter.getRecordHeadersMap()).containsEntry(Headers.REPLY_INSTANCE, "desk");
    assertThat(desk.awaitResults("bad-topic").getFirst().getFailed().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
    assertThat(desk.replies("bad-topic")).isEmpty();
  }

  @Test
  void replyTopicThatDoesNotExistIsADeadLetter() throws Exception {
    Map<String, String> headers = desk.headers();
    headers.put(Headers.REPLY_TOPIC, "unmask.replies.nobody-made-this");
    desk.request("no-topic", job("no-topic", 16, 4).build().toByteArray(), headers);

    assertThat(desk.awaitDeadLetter("no-topic").getReason()).contains("does not exist");
  }

  @Test
  void malformedRecordIsADeadLetterAndAnswered() throws Exception {
    desk.request("garbage", new byte[] {1, 2, 3}, desk.headers());

    assertThat(desk.awaitDeadLetter("garbage").getReason()).contains("GenerationJob");
    assertThat(desk.awaitReply("garbage").getFailed().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
    assertThat(desk.awaitResults("garbage")).hasSize(1);
  }

  @Test
  void requestThatNobodyCanRunEndsAtItsFourthDelivery() throws Exception {
    desk.request(job("future", 16, 4).setMinReader(99).build());

    DeadLetter letter = desk.awaitDeadLetter("future");
    assertThat(letter.getDeliveries()).isEqualTo(4);
    GenerationEvent reply = desk.awaitReply("future");
    assertThat(reply.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INTERNAL);
    assertThat(reply.getAttempt()).isEqualTo(4);
  }

  @Test
  void cancelBeforeTheRequestIsRemembered() throws Exception {
    desk.cancel("never");
    // The cancel is read by another consumer than the request; a later one proves that it was read.
    desk.request(job("probe-of-control", 1024, 1024).build());
    var unused = desk.awaitReplyRecord("probe-of-control", GenerationEvent::hasStarted);
    desk.cancel("probe-of-control");
    assertThat(desk.awaitReply("probe-of-control").hasFailed()).isTrue();

    desk.request(job("never", 16, 4).build());

    GenerationEvent reply = desk.awaitReply("never");
    assertThat(reply.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_CANCELLED);
    assertThat(reply.getFailed().getMessage()).contains("the test said so");
    assertThat(desk.replies("never")).as("not started").hasSize(1);
  }

  @Test
  void lateRequestIsAnsweredAndNotComputed() throws Exception {
    desk.request(job("late", 16, 4).setDeadlineAtMs(System.currentTimeMillis() - 1).build());

    assertThat(desk.awaitReply("late").getFailed().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED);
    assertThat(desk.replies("late")).as("not started").hasSize(1);
  }

  @Test
  void deadlineEndsARunningRequest() throws Exception {
    desk.request(
        job("slow", 1024, 1024).setDeadlineAtMs(System.currentTimeMillis() + 1_500).build());

    assertThat(desk.awaitReply("slow").getFailed().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED);
    assertThat(desk.replies("slow").getFirst().hasStarted()).isTrue();
  }

  @Test
  void tooLongForTheContextNamesTheThreeNumbers() throws Exception {
    desk.request(
        job("long", 2048, 2048)
            .setRequest(
                GenerateRequest.newBuilder()
                    .setTokenIds(TokenIds.newBuilder().addIds(65).addIds(66))
                    .setDiffusion(DiffusionParams.newBuilder().setGenLength(2048)))
            .build());

    GenerationEvent reply = desk.awaitReply("long");
    assertThat(reply.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
    assertThat(reply.getFailed().getMessage()).contains("2 tokens", "2048", "2050");
  }

  @Test
  void maskInThePromptIsRefused() throws Exception {
    desk.request(
        job("mask", 16, 4)
            .setRequest(
                GenerateRequest.newBuilder()
                    .setTokenIds(TokenIds.newBuilder().addIds(65).addIds(TinyModel.MASK)))
            .build());

    assertThat(desk.awaitReply("mask").getFailed().getField()).isEqualTo("token_ids.ids[1]");
  }

  @Test
  void settingThatDoesNotDivideNamesItsField() throws Exception {
    desk.request(job("uneven", 64, 5).build());

    GenerationEvent reply = desk.awaitReply("uneven");
    assertThat(reply.getFailed().getField()).isEqualTo("diffusion.steps");
    assertThat(reply.getFailed().getMessage()).contains("2 blocks");
  }

  @Test
  void unknownModelIsNotFound() throws Exception {
    GenerateRequest other =
        job("nobody", 16, 4).getRequest().toBuilder().setModel("nobody@stable").build();
    desk.request(job("nobody", 16, 4).setRequest(other).build());
    desk.request(job("no-weights", 16, 4).setModelDigest("sha256:" + "0".repeat(64)).build());

    assertThat(desk.awaitReply("nobody").getFailed().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_NOT_FOUND);
    assertThat(desk.awaitReply("no-weights").getFailed().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_NOT_FOUND);
  }

  @Test
  void heartbeatNamesWhatTheWorkerHolds() throws Exception {
    WorkerStatus status = desk.awaitState("one", WorkerState.WORKER_STATE_READY);

    assertThat(status.getBase()).isEqualTo(desk.base);
    assertThat(status.getDigestsList()).contains(digest.toString());
    assertThat(status.getSlots()).as("three of four are for people who wait").isEqualTo(3);
    assertThat(status.getFreeSlots()).isBetween(0, 3);
    assertThat(status.getPrecision()).isEqualTo("f32");
    assertThat(worker.standing().ready()).isTrue();
  }

  /** A lock lasts 15 s: without renewal the request would be delivered again. */
  @Test
  void lockIsRenewedWhileARequestRuns() throws Exception {
    desk.request(job("held", 1024, 1024).build());
    var unused = desk.awaitReplyRecord("held", GenerationEvent::hasStarted);
    Thread.sleep(18_000);
    assertThat(desk.replies("held")).as("one start, no second attempt").hasSize(1);
    desk.cancel("held");

    GenerationEvent reply = desk.awaitReply("held");
    assertThat(reply.getAttempt()).isEqualTo(1);
    assertThat(reply.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_CANCELLED);
    assertThat(desk.awaitResults("held")).hasSize(1);
  }

  private static GenerationJob.Builder job(String id, int genLength, int steps) {
    return GenerationJob.newBuilder()
        .setMinReader(1)
        .setRequestId(id)
        .setAdmittedAtMs(System.currentTimeMillis())
        .setRequest(
            GenerateRequest.newBuilder()
                .setMessages(
                    Messages.newBuilder()
                        .addMessages(
                            Message.newBuilder().setRole("user").setContent("Say something.")))
                .setDiffusion(
                    DiffusionParams.newBuilder().setGenLength(genLength).setSteps(steps)));
  }

  private static String text(List<GenerationEvent> events) {
    return events.stream()
        .filter(GenerationEvent::hasText)
        .map(e -> e.getText().getDelta())
        .collect(Collectors.joining());
  }
}
