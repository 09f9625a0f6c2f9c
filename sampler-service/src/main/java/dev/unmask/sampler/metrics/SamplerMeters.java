package dev.unmask.sampler.metrics;

import dev.unmask.model.engine.EngineOptions.EngineStep;
import dev.unmask.sampler.events.EventObserver;
import dev.unmask.sampler.intake.SlotObserver;
import dev.unmask.sampler.models.CheckpointVerdict;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.RunObserver;
import dev.unmask.store.Digest;
import dev.unmask.v1.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** All meters of a sampler. Labels never hold request ids. */
public final class SamplerMeters implements RunObserver, EventObserver, SlotObserver {

  private final MeterRegistry registry;
  private final AtomicInteger running = new AtomicInteger();
  private final LongAdder forwards = new LongAdder();
  private final LongAdder tokens = new LongAdder();
  private final Timer queued;
  private final Timer firstText;
  private final Timer firstFrame;
  private final Timer latency;
  private final Timer inference;
  private final Timer perToken;
  private final Timer produce;
  private final Timer step;
  private final Timer cancelled;
  private final DistributionSummary batch;
  private final DistributionSummary fill;
  private final DistributionSummary steps;
  private final DistributionSummary tokensPerForward;
  private final Counter promptTokens;
  private final Counter generatedTokens;
  private final Counter canvasTokens;
  private final Counter earlyExits;
  private final Counter usefulPositions;
  private final Counter uselessPositions;
  private final Counter frames;
  private final MultiGauge versions;

  public SamplerMeters(MeterRegistry registry) {
    this.registry = registry;
    queued = timer("unmask_request_queue_time", "Admission to first forward, Kafka included");
    firstText = timer("unmask_time_to_first_token", "Admission to first committed text sent");
    firstFrame = timer("unmask_time_to_first_frame", "Admission to first canvas frame sent");
    latency = timer("unmask_e2e_request_latency", "Admission to terminal event");
    inference = timer("unmask_request_inference_time", "First forward to last");
    perToken = timer("unmask_time_per_output_token", "Inference time per committed token");
    produce = timer("unmask_kafka_produce_latency", "Handed to the producer to acknowledged");
    step = timer("unmask_denoising_step_duration", "One forward and its commits");
    cancelled = timer("unmask_cancel_latency", "A cancel was heard to its request has ended");
    batch = summary("unmask_step_batch_size", "Sequences that shared a forward");
    fill = summary("unmask_step_batch_fill_ratio", "Positions of a forward, of those it may have");
    steps = summary("unmask_denoising_steps_per_request", "Steps of a finished request");
    tokensPerForward = summary("unmask_tokens_per_forward", "Answer tokens per forward");
    promptTokens = registry.counter("unmask_prompt_tokens_total");
    generatedTokens = registry.counter("unmask_generation_tokens_total");
    canvasTokens = registry.counter("unmask_canvas_tokens_total");
    earlyExits = registry.counter("unmask_early_exit_total");
    usefulPositions = registry.counter("unmask_forward_positions_total", "useful", "true");
    uselessPositions = registry.counter("unmask_forward_positions_total", "useful", "false");
    frames = registry.counter("unmask_stream_frames_total", "mode", "step");
    versions =
        MultiGauge.builder("unmask_model_active_version_info")
            .description("Loaded weights")
            .register(registry);
    Gauge.builder("unmask_num_requests_running", running, AtomicInteger::get).register(registry);
  }

  /** Registers the part of their memory that requests may need now. */
  public void memory(Supplier<Number> part) {
    gauge("unmask_cache_usage_ratio", part);
  }

  /** Registers a number that somebody else owns. */
  public void gauge(String name, Supplier<Number> value) {
    Gauge.builder(name, value).register(registry);
  }

  /** The digests that are loaded now, as one gauge each. */
  public void loaded(List<String> digests) {
    versions.register(
        digests.stream().map(d -> MultiGauge.Row.of(Tags.of("model_digest", d), 1)).toList(), true);
  }

  /** The number of slots that hold a request. */
  public int running() {
    return running.get();
  }

  /** Forwards since the start. */
  public long forwards() {
    return forwards.sum();
  }

  /** Tokens of answers since the start. */
  public long tokens() {
    return tokens.sum();
  }

  /**
   * A forward. Engine thread.
   *
   * @param most positions that a forward may have
   */
  public void forward(EngineStep done, int most) {
    forwards.increment();
    step.record(done.duration());
    batch.record(done.tasks());
    fill.record((double) done.packedTokens() / most);
    usefulPositions.increment(done.usefulTokens());
    uselessPositions.increment((double) done.packedTokens() - done.usefulTokens());
  }

  /** A record was acknowledged after so many nanoseconds. */
  public void produced(long nanos) {
    produce.record(Duration.ofNanos(nanos));
  }

  /** A checkpoint was judged. */
  public void checkpoint(CheckpointVerdict verdict) {
    switch (verdict) {
      case CheckpointVerdict.Verified verified -> {
        count("unmask_model_reload_total", "outcome", "verified");
        phase("fetch", verified.times().fetch());
        phase("load", verified.times().load());
        phase("warm_up", verified.times().warmUp());
        phase("smoke", verified.times().probe());
      }
      case CheckpointVerdict.Broken broken ->
          count("unmask_model_reload_total", "outcome", "verify_failed");
      case CheckpointVerdict.Loading loading -> {
        // Counted by how it ends.
      }
      case CheckpointVerdict.Retired retired ->
          count("unmask_model_reload_total", "outcome", "retired");
    }
  }

  @Override
  public void started(Duration since) {
    queued.record(since);
  }

  @Override
  public void cancelled(Duration sinceHeard) {
    cancelled.record(sinceHeard);
  }

  @Override
  public void ended(Outcome outcome, @Nullable Digest weights) {
    switch (outcome) {
      case Outcome.Answered answered -> answered(answered);
      case Outcome.Scored scored -> scored(scored);
      case Outcome.Failed failed -> {
        count("unmask_request_failure_total", "code", label(failed.code()));
        if (failed.code() == ErrorCode.ERROR_CODE_CANCELLED) {
          count("unmask_cancellations_total", "stage", "sampler");
        } else if (failed.code() == ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED) {
          count("unmask_deadline_missed_total", "stage", "sampler");
        }
      }
      case Outcome.Abandoned abandoned -> {
        // Counted with its cause where it was abandoned.
      }
    }
  }

  @Override
  public void frame() {
    frames.increment();
  }

  @Override
  public void firstFrame(Duration sinceAdmission) {
    firstFrame.record(sinceAdmission);
  }

  @Override
  public void firstText(Duration sinceAdmission) {
    firstText.record(sinceAdmission);
  }

  @Override
  public void deadLetter(String reason) {
    count("unmask_dead_letters_total", "reason", reason);
  }

  @Override
  public void taken(int attempt) {
    int ignored = running.incrementAndGet();
    if (attempt > 1) {
      count("unmask_retries_total", "cause", "redelivered");
    }
  }

  @Override
  public void freed() {
    int ignored = running.decrementAndGet();
  }

  @Override
  public void abandoned(String cause) {
    count("unmask_requests_abandoned_total", "cause", cause);
  }

  private void answered(Outcome.Answered answered) {
    var result = answered.result();
    count(
        "unmask_request_success_total",
        "finish_reason",
        result.finish().name().toLowerCase(Locale.ROOT));
    Duration total = Duration.between(answered.times().admitted(), answered.times().finished());
    if (!total.isNegative()) {
      latency.record(total);
    }
    inference.record(result.inference());
    int answerTokens = result.answerIds().length;
    if (answerTokens > 0) {
      perToken.record(result.inference().dividedBy(answerTokens));
    }
    if (result.forwardPasses() > 0) {
      tokensPerForward.record((double) answerTokens / result.forwardPasses());
    }
    steps.record(result.steps());
    promptTokens.increment(answered.task().promptTokens());
    tokens.add(answerTokens);
    generatedTokens.increment(answerTokens);
    canvasTokens.increment(result.canvasIds().length);
    if (result.sparedSlots() > 0) {
      earlyExits.increment();
    }
  }

  private void scored(Outcome.Scored scored) {
    count("unmask_request_success_total", "finish_reason", "score");
    Outcome.RunTimes times = scored.times();
    Duration total = Duration.between(times.admitted(), times.finished());
    if (!total.isNegative()) {
      latency.record(total);
    }
    inference.record(Duration.between(times.started(), times.finished()));
    promptTokens.increment(scored.task().task().promptIds().length);
  }

  private static String label(ErrorCode code) {
    return code.name().substring("ERROR_CODE_".length()).toLowerCase(Locale.ROOT);
  }

  private void phase(String phase, Duration took) {
    registry.timer("unmask_model_reload_duration", "phase", phase).record(took);
  }

  private void count(String name, String tag, String value) {
    registry.counter(name, tag, value).increment();
  }

  private Timer timer(String name, String what) {
    return Timer.builder(name).description(what).publishPercentileHistogram().register(registry);
  }

  private DistributionSummary summary(String name, String what) {
    return DistributionSummary.builder(name)
        .description(what)
        .publishPercentileHistogram()
        .register(registry);
  }
}
