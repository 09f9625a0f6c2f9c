package dev.unmask.gateway.flow;

import dev.unmask.tracing.TraceSpan;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Usage;
import java.util.Map;

/**
 * A call whose span ends when it does, whichever way. What is said in the span are ids, digests and
 * counts.
 */
record TracedCall(Call call, TraceSpan span) implements Call {

  /** The attribute by which a trace is found: a request's id, or a job's. */
  static final String ID = "unmask.id";

  /** A sink that tells the span how the call ended, and then {@code sink}. */
  static CallSink sink(CallSink sink, TraceSpan span) {
    return new CallSink() {
      private boolean textSeen;

      @Override
      public void onEvent(GenerationEvent event) {
        if (event.hasText() && !textSeen) {
          textSeen = true;
          span.event("first text", Map.of());
        }
        sink.onEvent(event);
      }

      @Override
      public void onAnswer(GenerationEvent event) {
        sink.onAnswer(event);
        if (event.hasFinal()) {
          Usage usage = event.getFinal().getUsage();
          span.set("unmask.prompt_tokens", usage.getPromptTokens())
              .set("unmask.completion_tokens", usage.getCompletionTokens())
              .set("unmask.denoising_steps", usage.getDenoisingSteps())
              .set("unmask.attempt", event.getFinal().getAttempt());
        }
        span.end();
      }

      @Override
      public void onRefused(Refusal refusal) {
        sink.onRefused(refusal);
        span.failed(refusal.label()).end();
      }
    };
  }

  /** Ties what was let in to its span. */
  static Call of(Call call, TraceSpan span) {
    span.set(ID, call.requestId())
        .set("unmask.model", call.modelName())
        .set("unmask.model_digest", call.modelDigest());
    return new TracedCall(call, span);
  }

  @Override
  public String requestId() {
    return call.requestId();
  }

  @Override
  public String modelName() {
    return call.modelName();
  }

  @Override
  public String modelDigest() {
    return call.modelDigest();
  }

  @Override
  public long createdAtMs() {
    return call.createdAtMs();
  }

  @Override
  public boolean replayed() {
    return call.replayed();
  }

  @Override
  public void cancel(String reason) {
    call.cancel(reason);
    span.failed("cancelled").end();
  }

  @Override
  public void expire() {
    call.expire();
    span.failed("deadline_exceeded").end();
  }
}
