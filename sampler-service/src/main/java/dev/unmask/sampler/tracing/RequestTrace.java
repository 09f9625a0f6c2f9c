package dev.unmask.sampler.tracing;

import dev.unmask.model.engine.StepResult;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.PlannedScore;
import dev.unmask.sampler.schedule.PlannedTask;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.sampler.schedule.RunEvents;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.tracing.Tracing;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The span of one attempt at a request, with its parts: the time on the topic, the wait for room
 * and weights, each block with its steps as events, the reply. One that is not recorded costs one
 * look.
 */
public final class RequestTrace {

  private final TraceSpan span;
  private final TraceSpan admission;

  // Engine thread only.
  private TraceSpan block = TraceSpan.NONE;
  private int number = -1;
  private Instant ended = Instant.EPOCH;

  private RequestTrace(TraceSpan span, TraceSpan admission) {
    this.span = span;
    this.admission = admission;
  }

  /**
   * Begins when a slot has taken the request.
   *
   * @param traceparent as its record says it; null when it says none
   * @param writtenMs when the record was written
   */
  public static RequestTrace begin(
      Tracing tracing, @Nullable String traceparent, RequestedJob job, long writtenMs) {
    TraceSpan span =
        traceparent == null
            ? TraceSpan.NONE
            : tracing.begin("request", TraceSpan.Kind.CONSUMER, traceparent);
    if (span.isRecording()) {
      Instant now = Instant.now();
      Instant written = Instant.ofEpochMilli(writtenMs);
      span.set("unmask.id", job.requestId())
          .set("unmask.attempt", job.attempt())
          .set("unmask.priority", job.priority().name().toLowerCase(Locale.ROOT))
          // Stands before the span: where the request was meanwhile, nobody else can say.
          .child("queue", TraceSpan.Kind.INTERNAL, written.isAfter(now) ? now : written)
          .endAt(now);
    }
    return new RequestTrace(span, span.child("admission", TraceSpan.Kind.INTERNAL));
  }

  /** How whoever gets the replies names this span; null when it is not recorded. */
  public @Nullable String traceparent() {
    return span.traceparent();
  }

  /** Hears what {@code next} hears. */
  public RunEvents over(RunEvents next) {
    return span.isRecording() ? new Listening(next) : next;
  }

  /** Writes the reply, as a part. */
  public CompletableFuture<Void> reply(Supplier<CompletableFuture<Void>> written) {
    admission.end();
    block.end();
    if (!span.isRecording()) {
      return written.get();
    }
    TraceSpan reply = span.child("reply", TraceSpan.Kind.PRODUCER);
    return written
        .get()
        .whenComplete((done, failure) -> {
          (failure == null ? reply : reply.failed("write_failed")).end();
        });
  }

  /** The attempt is over. */
  public void end(Outcome outcome) {
    switch (outcome) {
      case Outcome.Answered answered ->
          span.set("unmask.denoising_steps", answered.result().steps())
              .set("unmask.forward_passes", answered.result().forwardPasses())
              .set("unmask.completion_tokens", answered.result().answerIds().length);
      case Outcome.Scored scored -> span.set("unmask.samples", scored.result().samples());
      case Outcome.Failed failed ->
          span.failed(
              failed.code().name().replaceFirst("^ERROR_CODE_", "").toLowerCase(Locale.ROOT));
      case Outcome.Abandoned abandoned -> span.failed("abandoned");
    }
    span.end();
  }

  private final class Listening implements RunEvents {
    private final RunEvents next;

    Listening(RunEvents next) {
      this.next = next;
    }

    @Override
    public void started(ServedModel model, PlannedTask task) {
      admission.end();
      span.set("unmask.model_digest", model.digest().toString())
          .set("unmask.prompt_tokens", task.promptTokens())
          .set("unmask.canvas", task.settings().genLength());
      ended = Instant.now();
      next.started(model, task);
    }

    @Override
    public void scoring(ServedModel model, PlannedScore task) {
      admission.end();
      span.set("unmask.model_digest", model.digest().toString());
      next.scoring(model, task);
    }

    @Override
    public void step(StepResult step) {
      if (step.block() != number) {
        begin(step.block());
      }
      block.event(
          "step",
          Map.of(
              "step", (long) step.step(),
              "commits", (long) step.commits().size(),
              "masked_left", (long) step.maskedLeft()));
      if (step.blockFinished()) {
        block.end();
        ended = Instant.now();
      }
      next.step(step);
    }

    /** From the end of the one before: what lies between is the step that was just made. */
    private void begin(int next) {
      block.end();
      number = next;
      block = span.child("block " + next, TraceSpan.Kind.INTERNAL, ended);
    }
  }
}
