package dev.unmask.gateway.flow;

import static dev.unmask.gateway.flow.Events.answer;
import static dev.unmask.gateway.flow.Events.failed;
import static dev.unmask.gateway.flow.Events.started;
import static dev.unmask.gateway.flow.Events.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.QueueRules;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.cluster.Checkpoint;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.proto.MinReader;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.GateLimits;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GenerationFlowTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final String DIGEST = "sha256:" + "a".repeat(64);
  private static final GenerateRequest REQUEST =
      GenerateRequest.newBuilder().setModel("mini").setPrompt("Hello").build();

  private final Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
  private final Gate gate = new Gate(Duration.ofSeconds(1));
  private final ClusterView cluster =
      new ClusterView(clock, Duration.ofSeconds(15), GateLimits.USUAL);
  private long nanos;
  private final PendingCalls pending = new PendingCalls(2, () -> nanos);
  private final RecordedOutbox outbox = new RecordedOutbox();
  private final RecordedSink sink = new RecordedSink();
  private final ManualContext context = new ManualContext();
  private final RecordedObserver observer = new RecordedObserver();
  private long onTopic;
  private final GenerationFlow flow =
      new GenerationFlow(
          gate,
          cluster,
          pending,
          outbox,
          observer,
          new FlowLimits(Duration.ofSeconds(120), Duration.ofHours(1), Duration.ofSeconds(1)),
          new QueueRules(100, 1000, Duration.ofSeconds(1)),
          (base, bulk) -> onTopic,
          new Random(7),
          clock);

  @BeforeEach
  void aClusterThatServesOneModel() {
    cluster.apply(new Checkpoint("mini", DIGEST, "mini", "", "full", 0, "", 0, 64, 100, ""));
    cluster.apply(
        new AliasMove(
            "mini", "default", Digest.parse(DIGEST), null, 1, null, "published", "a test", 0, ""));
    worker(WorkerState.WORKER_STATE_READY, NOW);
    gate.open();
  }

  private void worker(WorkerState state, Instant at) {
    cluster.apply(
        WorkerStatus.newBuilder()
            .setWorker("w1")
            .setBase("mini")
            .setState(state)
            .setAtMs(at.toEpochMilli())
            .build());
  }

  private GenerationCall start(GenerateRequest request, @Nullable Duration callerTimeLeft)
      throws RefusedException {
    return flow.start(
        Principal.LOCAL,
        new RequestRules(Duration.ofHours(1), 1000).check(request),
        EventDetail.EVENT_DETAIL_BLOCK,
        callerTimeLeft,
        context,
        sink,
        TraceSpan.NONE);
  }

  private GenerationCall start() throws RefusedException {
    return start(REQUEST, null);
  }

  private Refusal refused(GenerateRequest request, @Nullable Duration callerTimeLeft) {
    try {
      start(request, callerTimeLeft);
    } catch (RefusedException e) {
      return e.refusal();
    }
    throw new AssertionError("the call was let in");
  }

  @Test
  void aCallThatHasJustEndedMayStillHaveItsRecordOnTheTopic() throws Exception {
    GenerationCall call = start();
    assertThat(pending.onTopic("mini")).isEqualTo(1);
    call.deliver(failed(1, ErrorCode.ERROR_CODE_INTERNAL), TraceSpan.NONE);
    context.run();
    assertThat(pending.size()).isZero();
    assertThat(pending.onTopic("mini")).isEqualTo(1);
    assertThat(pending.onTopic("another")).isZero();
    nanos += Duration.ofSeconds(3).toNanos();
    assertThat(pending.onTopic("mini")).isZero();
  }

  @Test
  void aScoreTravelsAsAJobOfItsOwnKindAndEndsOnce() throws Exception {
    GenerationCall call =
        flow.start(
            Principal.LOCAL,
            new RequestRules(Duration.ofHours(1), 1000)
                .check(
                    ScoreRequest.newBuilder()
                        .setModel("mini")
                        .setContinuation(TextOrTokens.newBuilder().setText("Hello"))
                        .build()),
            EventDetail.EVENT_DETAIL_FINAL,
            null,
            context,
            sink,
            TraceSpan.NONE);
    GenerationJob job = outbox.jobs.get(0);
    assertThat(job.hasRequest()).isFalse();
    assertThat(job.getScore().hasSeed()).isTrue();
    assertThat(job.getScore().getModel()).isEqualTo("mini");
    assertThat(job.getModelDigest()).isEqualTo(DIGEST);
    assertThat(job.getMinReader()).as("older samplers give it back").isEqualTo(MinReader.SECOND);
    call.deliver(Events.scored(2, -3.5), TraceSpan.NONE);
    call.deliver(Events.scored(1, -4.5), TraceSpan.NONE);
    context.run();
    assertThat(sink.shown).containsExactly("scored:-3.5");
    assertThat(observer.heard).containsExactly("admitted", "started", "scored");
  }

  @Test
  void onlyARequestWithNewFieldsAsksForANewReader() throws Exception {
    GenerationCall plain = start();
    GenerationCall stopped =
        start(
            REQUEST.toBuilder().setSampling(SamplingParams.newBuilder().addStop("\n")).build(),
            null);
    assertThat(stopped.requestId()).isNotEqualTo(plain.requestId());
    assertThat(outbox.jobs)
        .extracting(GenerationJob::getMinReader)
        .containsExactly(MinReader.ANY, MinReader.SECOND);
  }

  @Test
  void admissionPinsDigestSeedAndDeadline() throws Exception {
    GenerationCall call = start();
    GenerationJob job = outbox.jobs.get(0);
    assertThat(job.getRequestId()).isEqualTo(call.requestId()).startsWith("gen-");
    assertThat(job.getModelDigest()).isEqualTo(DIGEST);
    assertThat(job.getRequest().getSampling().hasSeed()).isTrue();
    assertThat(job.getAdmittedAtMs()).isEqualTo(NOW.toEpochMilli());
    assertThat(job.getDeadlineAtMs()).isEqualTo(NOW.plusSeconds(120).toEpochMilli());
    assertThat(job.getEvents()).isEqualTo(EventDetail.EVENT_DETAIL_BLOCK);
    assertThat(outbox.registeredWhenSent).containsExactly(true);
  }

  @Test
  void theCallersSeedStays() throws Exception {
    GenerateRequest.Builder request = REQUEST.toBuilder();
    request.getSamplingBuilder().setSeed(0);
    start(request.build(), null);
    assertThat(outbox.jobs.get(0).getRequest().getSampling().getSeed()).isZero();
  }

  @Test
  void theNearestDeadlineWins() throws Exception {
    start(REQUEST.toBuilder().setDeadlineMs(5_000).build(), Duration.ofSeconds(9));
    start(REQUEST.toBuilder().setDeadlineMs(5_000).build(), Duration.ofSeconds(3));
    assertThat(outbox.jobs)
        .extracting(j -> j.getDeadlineAtMs() - NOW.toEpochMilli())
        .containsExactly(5_000L, 3_000L);
  }

  @Test
  void aCallThatIsAlreadyLateIsNotQueued() {
    assertThat(refused(REQUEST, Duration.ZERO).code())
        .isEqualTo(ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED);
    assertThat(outbox.jobs).isEmpty();
  }

  @Test
  void theDeadlineEndsTheCallAndTellsTheSamplers() throws Exception {
    GenerationCall call = start(REQUEST.toBuilder().setDeadlineMs(500).build(), null);
    context.advance(Duration.ofMillis(499));
    assertThat(sink.shown).isEmpty();
    context.advance(Duration.ofMillis(1));
    assertThat(sink.shown).containsExactly("refused:deadline_exceeded");
    assertThat(outbox.cancelled).containsExactly(call.requestId());
    assertThat(pending.size()).isZero();
    call.deliver(answer(1, "too late"), TraceSpan.NONE);
    context.run();
    assertThat(sink.shown).hasSize(1);
  }

  @Test
  void anAnswerEndsTheCallOnceAndStopsItsTimer() throws Exception {
    GenerationCall call = start();
    call.deliver(started(1), TraceSpan.NONE);
    call.deliver(text(1, "Hi"), TraceSpan.NONE);
    call.deliver(answer(1, "Hi"), TraceSpan.NONE);
    call.deliver(answer(2, "Hi"), TraceSpan.NONE);
    context.run();
    assertThat(sink.shown).containsExactly("started", "text:Hi", "answer:Hi");
    assertThat(context.alarms()).isZero();
    assertThat(pending.find(call.requestId())).isEmpty();
    assertThat(observer.heard).containsExactly("admitted", "started", "firstText", "answered");
  }

  @Test
  void aSamplersFailureIsTheCallsStatus() throws Exception {
    start().deliver(failed(1, ErrorCode.ERROR_CODE_NOT_FOUND), TraceSpan.NONE);
    context.run();
    assertThat(sink.shown).containsExactly("refused:not_found");
  }

  @Test
  void aCancelTellsTheSamplersAndTheSinkHearsNothing() throws Exception {
    GenerationCall call = start();
    call.cancel("gone");
    call.cancel("gone again");
    call.deliver(answer(1, "x"), TraceSpan.NONE);
    context.run();
    assertThat(outbox.cancelled).containsExactly(call.requestId());
    assertThat(sink.shown).isEmpty();
    assertThat(pending.size()).isZero();
    assertThat(observer.heard).containsExactly("admitted", "cancelled");
  }

  @Test
  void aFullHouseRefusesWithATimeToComeBack() throws Exception {
    GenerationCall first = start();
    start();
    Refusal refusal = refused(REQUEST, null);
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED);
    assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(1));
    first.deliver(answer(1, ""), TraceSpan.NONE);
    context.run();
    start();
    assertThat(outbox.jobs).hasSize(3);
  }

  @Test
  void aCallThatWouldOnlyWaitUntilItsDeadlineIsRefusedAtOnce() throws Exception {
    cluster.apply(
        WorkerStatus.newBuilder()
            .setWorker("w1")
            .setBase("mini")
            .setState(WorkerState.WORKER_STATE_READY)
            .setAtMs(NOW.toEpochMilli())
            .setSlots(1)
            .setFreeSlots(1)
            .setStepMs(100)
            .build());
    GenerationCall first = start();

    // 64 steps before it and 64 of its own, 100 ms each.
    Refusal refusal = refused(REQUEST, Duration.ofSeconds(12));

    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED);
    assertThat(refusal.message())
        .isEqualTo(
            "1 requests for mini wait before this one; its answer would take about 12800 ms and"
                + " its deadline is in 12000 ms; ask again in 1 s.");
    assertThat(pending.size()).as("who was refused is not waited for").isEqualTo(1);
    assertThat(outbox.jobs).hasSize(1);
    first.deliver(answer(1, ""), TraceSpan.NONE);
    context.run();
    start(REQUEST, Duration.ofSeconds(12));
    assertThat(outbox.jobs).hasSize(2);
  }

  @Test
  void aRequestThatKafkaDoesNotTakeIsUnavailable() throws Exception {
    start();
    outbox.sent.get(0).done(new IllegalStateException("no broker"));
    context.run();
    assertThat(sink.shown).containsExactly("refused:unavailable");
    assertThat(pending.size()).isZero();
  }

  @Test
  void nobodyServesTheModel() {
    worker(WorkerState.WORKER_STATE_READY, NOW.minusSeconds(16));
    assertThat(refused(REQUEST, null).code()).isEqualTo(ErrorCode.ERROR_CODE_UNAVAILABLE);
    worker(WorkerState.WORKER_STATE_DRAINING, NOW);
    assertThat(refused(REQUEST, null).code()).isEqualTo(ErrorCode.ERROR_CODE_UNAVAILABLE);
    assertThat(outbox.jobs).isEmpty();
  }

  @Test
  void aCanvasOverTheContextNamesTheNumbers() {
    GenerateRequest.Builder request = REQUEST.toBuilder();
    request.getTokenIdsBuilder().addIds(1).addIds(2);
    request.getDiffusionBuilder().setGenLength(63);
    Refusal refusal = refused(request.build(), null);
    assertThat(refusal.field()).isEqualTo("diffusion.gen_length");
    assertThat(refusal.message()).contains("2 tokens", "63", "64");
    request.getDiffusionBuilder().setGenLength(62);
    request.getTokenIdsBuilder().addIds(100);
    request.getDiffusionBuilder().setGenLength(8);
    assertThat(refused(request.build(), null).message()).contains("100", "99");
  }

  @Test
  void aDrainingGateRefusesWhatIsNewAndLetsTheRestFinish() throws Exception {
    GenerationCall call = start();
    gate.drain();
    assertThat(refused(REQUEST, null).code()).isEqualTo(ErrorCode.ERROR_CODE_UNAVAILABLE);
    assertThat(pending.awaitEmpty(Duration.ofMillis(10))).isFalse();
    call.deliver(answer(1, "done"), TraceSpan.NONE);
    context.run();
    assertThat(pending.awaitEmpty(Duration.ofMillis(10))).isTrue();
    gate.open();
    assertThat(gate.isOpen()).as("a draining gate never opens again").isFalse();
  }

  @Test
  void anUnknownModelIsNotFound() {
    assertThatThrownBy(() -> start(REQUEST.toBuilder().setModel("maxi").build(), null))
        .hasMessage("There is no model maxi@default; this cluster has mini.");
  }

  private final class RecordedOutbox implements JobOutbox {
    final List<GenerationJob> jobs = new ArrayList<>();
    final List<Sent> sent = new ArrayList<>();
    final List<Boolean> registeredWhenSent = new ArrayList<>();
    final List<String> cancelled = new ArrayList<>();

    @Override
    public void send(String base, GenerationJob job, @Nullable String traceparent, Sent done) {
      assertThat(base).isEqualTo("mini");
      jobs.add(job);
      sent.add(done);
      registeredWhenSent.add(pending.find(job.getRequestId()).isPresent());
    }

    @Override
    public void cancel(String requestId, String reason, Instant rememberUntil) {
      cancelled.add(requestId);
    }

    @Override
    public void cancel(String requestId, String reason, Instant rememberUntil, String tenant) {
      cancelled.add(tenant + requestId);
    }
  }

  private static final class RecordedSink implements CallSink {
    final List<String> shown = new ArrayList<>();

    @Override
    public void onEvent(GenerationEvent event) {
      shown.add(Events.show(event));
    }

    @Override
    public void onAnswer(GenerationEvent event) {
      shown.add(
          event.hasScored()
              ? "scored:" + event.getScored().getLogLikelihood()
              : "answer:" + event.getFinal().getText());
    }

    @Override
    public void onRefused(Refusal refusal) {
      shown.add("refused:" + refusal.label());
    }
  }

  private static final class RecordedObserver implements FlowObserver {
    final List<String> heard = new ArrayList<>();

    @Override
    public void rejected(Rejection reason, Refusal refusal) {
      heard.add("rejected:" + reason);
    }

    @Override
    public void admitted(GenerationCall call) {
      heard.add("admitted");
    }

    @Override
    public void started(GenerationCall call, Duration sinceAdmission) {
      heard.add("started");
    }

    @Override
    public void firstText(GenerationCall call, Duration sinceAdmission) {
      heard.add("firstText");
    }

    @Override
    public void answered(GenerationCall call, GenerateResponse answer, Duration total) {
      heard.add("answered");
    }

    @Override
    public void scored(GenerationCall call, ScoreResponse score, Duration total) {
      heard.add("scored");
    }

    @Override
    public void failed(GenerationCall call, Refusal refusal, Duration total) {
      heard.add("failed");
    }

    @Override
    public void cancelled(GenerationCall call, Duration total) {
      heard.add("cancelled");
    }

    @Override
    public void resumed() {}

    @Override
    public void retried(GenerationCall call, int attempt) {
      heard.add("retried");
    }
  }
}
