package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.FlowObserver;
import dev.unmask.gateway.flow.GenerationCall;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ScoreResponse;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/** The {@code unmask_} metrics of calls. */
public final class CallMetrics implements FlowObserver {

  private final MeterRegistry registry;
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final Timer queueTime;
  private final Timer firstToken;
  private final Timer total;
  private final Timer inference;
  private final Timer perToken;
  private final Timer produce;
  private final Counter promptTokens;
  private final Counter generationTokens;
  private final Counter canvasTokens;
  private final Counter lateEvents;
  private final Counter replays;
  private final Counter resumes;
  private final Counter rebalances;

  public CallMetrics(MeterRegistry registry) {
    this.registry = registry;
    registry.gauge("unmask_num_requests_waiting", waiting);
    registry.gauge("unmask_num_requests_running", running);
    queueTime = histogram("unmask_request_queue_time");
    firstToken = histogram("unmask_time_to_first_token");
    total = histogram("unmask_e2e_request_latency");
    inference = histogram("unmask_request_inference_time");
    perToken = histogram("unmask_time_per_output_token");
    produce = histogram("unmask_kafka_produce_latency");
    promptTokens = registry.counter("unmask_prompt_tokens");
    generationTokens = registry.counter("unmask_generation_tokens");
    canvasTokens = registry.counter("unmask_canvas_tokens");
    lateEvents = registry.counter("unmask_duplicate_results_suppressed");
    replays = registry.counter("unmask_replays");
    resumes = registry.counter("unmask_stream_resume");
    rebalances = registry.counter("unmask_kafka_rebalances", "group", "batch-keepers");
  }

  /** A record took this long to be acknowledged. */
  public void produced(Duration latency) {
    produce.record(latency);
  }

  /** An event came for a call that had ended. */
  public void lateEvent() {
    lateEvents.increment();
  }

  /** A job was asked for again. */
  public void replayed() {
    replays.increment();
  }

  /** The group that elects the keeper of batches has told this gateway its part anew. */
  public void rebalanced() {
    rebalances.increment();
  }

  @Override
  public void resumed() {
    resumes.increment();
  }

  @Override
  public void rejected(Rejection reason, Refusal refusal) {
    count("unmask_admission_rejections", "reason", lower(reason));
  }

  @Override
  public void admitted(GenerationCall call) {
    waiting.incrementAndGet();
  }

  @Override
  public void started(GenerationCall call, Duration sinceAdmission) {
    waiting.decrementAndGet();
    running.incrementAndGet();
    queueTime.record(sinceAdmission);
  }

  @Override
  public void firstText(GenerationCall call, Duration sinceAdmission) {
    firstToken.record(sinceAdmission);
  }

  @Override
  public void answered(GenerationCall call, GenerateResponse answer, Duration elapsed) {
    left(call);
    timeAnswer(answer, elapsed);
    countAnswer(answer);
  }

  /** A sampler has begun what somebody waits for. */
  void queued(Duration sinceAdmission) {
    queueTime.record(sinceAdmission);
  }

  /** Somebody has waited so long for an answer. */
  void timeAnswer(GenerateResponse answer, Duration elapsed) {
    total.record(elapsed);
    int tokens = answer.getUsage().getCompletionTokens();
    Duration computing = Duration.ofNanos((long) (answer.getTiming().getInferenceMs() * 1e6));
    inference.record(computing);
    if (tokens > 0) {
      perToken.record(computing.dividedBy(tokens));
    }
  }

  /** An answer, whoever waited for it. */
  void countAnswer(GenerateResponse answer) {
    promptTokens.increment(answer.getUsage().getPromptTokens());
    generationTokens.increment(answer.getUsage().getCompletionTokens());
    canvasTokens.increment(answer.getUsage().getCanvasTokens());
    count(
        "unmask_request_success",
        "finish_reason",
        answer.getFinishReason() == FinishReason.FINISH_REASON_LENGTH ? "length" : "stop");
  }

  @Override
  public void scored(GenerationCall call, ScoreResponse score, Duration elapsed) {
    left(call);
    total.record(elapsed);
    inference.record(Duration.ofNanos((long) (score.getTiming().getInferenceMs() * 1e6)));
    countScore(score);
  }

  /** A score, whoever waited for it. */
  void countScore(ScoreResponse score) {
    promptTokens.increment(score.getContextTokens());
    count("unmask_request_success", "finish_reason", "score");
  }

  @Override
  public void failed(GenerationCall call, Refusal refusal, Duration elapsed) {
    left(call);
    countFailure(refusal, call.begun());
  }

  /** A request that failed. */
  void countFailure(Refusal refusal, boolean begun) {
    count("unmask_request_failure", "code", refusal.label());
    if (refusal.code() == ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED) {
      count("unmask_deadline_missed", "stage", stage(begun));
    }
  }

  @Override
  public void cancelled(GenerationCall call, Duration elapsed) {
    left(call);
    countCancel(call.begun());
  }

  /** A request that was given up. */
  void countCancel(boolean begun) {
    count("unmask_cancellations", "stage", stage(begun));
  }

  @Override
  public void retried(GenerationCall call, int attempt) {
    count("unmask_retries", "cause", "redelivered");
  }

  private void left(GenerationCall call) {
    (call.begun() ? running : waiting).decrementAndGet();
  }

  private static String stage(boolean begun) {
    return begun ? "running" : "queued";
  }

  private Timer histogram(String name) {
    return Timer.builder(name)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(5))
        .register(registry);
  }

  private void count(String name, String label, String value) {
    registry.counter(name, label, value).increment();
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
