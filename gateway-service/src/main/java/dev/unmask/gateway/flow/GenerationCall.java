package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.ScoreResponse;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One admitted call, from admission to its one end: an answer, a refusal, or the caller's cancel.
 *
 * <p>{@link #deliver} and {@link #cancel} may be called from any thread; everything else happens on
 * the call's context.
 */
public final class GenerationCall implements Call {

  private static final String DEADLINE = "deadline exceeded";

  private final String requestId;
  private final String tenant;
  private final ResolvedModel model;
  private final EventDetail detail;
  private final int steps;
  private final Instant deadline;
  private final CallContext context;
  private final CallSink sink;
  private final GenerationFlow flow;
  private final AttemptFold attempts;
  private final long admittedAt;
  private final long admittedAtMs;
  private CallContext.@Nullable Timer timer;
  private boolean ended;
  private volatile boolean startSeen;
  private boolean textSeen;

  GenerationCall(
      String requestId,
      String tenant,
      ResolvedModel model,
      EventDetail detail,
      int steps,
      Instant admitted,
      Instant deadline,
      CallContext context,
      CallSink sink,
      GenerationFlow flow) {
    this.requestId = requestId;
    this.tenant = tenant;
    this.model = model;
    this.detail = detail;
    this.steps = steps;
    this.deadline = deadline;
    this.context = context;
    this.sink = sink;
    this.flow = flow;
    this.attempts = new AttemptFold(detail);
    this.admittedAt = System.nanoTime();
    this.admittedAtMs = admitted.toEpochMilli();
  }

  @Override
  public String requestId() {
    return requestId;
  }

  /** Whose call it is. */
  String tenant() {
    return tenant;
  }

  public ResolvedModel model() {
    return model;
  }

  @Override
  public String modelName() {
    return model.name();
  }

  @Override
  public String modelDigest() {
    return model.digest();
  }

  @Override
  public long createdAtMs() {
    return admittedAtMs;
  }

  @Override
  public boolean replayed() {
    return false;
  }

  public EventDetail detail() {
    return detail;
  }

  /** About how many denoising steps the answer takes. */
  int steps() {
    return steps;
  }

  /** Whether a sampler has begun it. Exact on the call's context, a moment old elsewhere. */
  public boolean begun() {
    return startSeen;
  }

  /**
   * Hands over an event from the reply topic. Any thread; returns at once.
   *
   * @param span its way from there to the caller
   */
  public void deliver(GenerationEvent event, TraceSpan span) {
    context.execute(() -> {
      onEvent(event);
      span.end();
    });
  }

  /** The caller is gone: the samplers are told, the sink hears nothing more. Any thread. */
  @Override
  public void cancel(String reason) {
    context.execute(() -> {
      if (end()) {
        flow.outbox().cancel(requestId, reason, deadline);
        flow.observer().cancelled(this, elapsed());
      }
    });
  }

  /** Somebody else ends it: the samplers are told, and so is the caller. Any thread. */
  void abort(String reason) {
    context.execute(() -> {
      if (!ended) {
        flow.outbox().cancel(requestId, reason, deadline);
        refuse(Refusal.of(ErrorCode.ERROR_CODE_CANCELLED, reason));
      }
    });
  }

  /** Like {@link #cancel}, when the transport saw the deadline pass before this call did. */
  @Override
  public void expire() {
    context.execute(() -> {
      if (end()) {
        flow.outbox().cancel(requestId, DEADLINE, deadline);
        flow.observer()
            .failed(
                this,
                Refusal.of(ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED, "The caller's deadline passed."),
                elapsed());
      }
    });
  }

  void startTimer(Duration untilDeadline) {
    timer = context.after(untilDeadline, () -> onDeadline(untilDeadline));
  }

  void requestSent(@Nullable Exception failure) {
    if (failure == null) {
      return;
    }
    context.execute(() ->
        refuse(
            Refusal.temporary(
                ErrorCode.ERROR_CODE_UNAVAILABLE,
                "The request could not be queued: " + failure.getMessage(),
                flow.limits().retryAfter())));
  }

  private void onDeadline(Duration allowed) {
    if (ended) {
      return;
    }
    flow.outbox().cancel(requestId, DEADLINE, deadline);
    refuse(
        Refusal.of(
            ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED,
            "The answer was not ready within "
                + allowed.toMillis()
                + " ms"
                + (startSeen ? "." : "; no sampler had begun it.")));
  }

  private void onEvent(GenerationEvent event) {
    if (ended) {
      return;
    }
    int before = attempts.attempt();
    var shown = attempts.on(event);
    if (attempts.attempt() > before && before > 0) {
      flow.observer().retried(this, attempts.attempt());
    }
    if (!startSeen) {
      startSeen = true;
      flow.observer().started(this, elapsed());
    }
    for (GenerationEvent next : shown) {
      switch (next.getEventCase()) {
        case FINAL -> answer(next);
        case SCORED -> score(next);
        case FAILED -> refuse(Refusal.from(next.getFailed()));
        default -> {
          if (next.hasText() && !textSeen) {
            textSeen = true;
            flow.observer().firstText(this, elapsed());
          }
          sink.onEvent(next);
        }
      }
    }
  }

  private void answer(GenerationEvent event) {
    if (!end()) {
      return;
    }
    Duration total = elapsed();
    GenerateResponse.Builder answer = event.getFinal().toBuilder().setRequestId(requestId);
    answer.getTimingBuilder().setTotalMs(total.toNanos() / 1e6);
    GenerateResponse built = answer.build();
    flow.observer().answered(this, built, total);
    sink.onAnswer(event.toBuilder().setFinal(built).build());
  }

  private void score(GenerationEvent event) {
    if (!end()) {
      return;
    }
    Duration total = elapsed();
    ScoreResponse.Builder score = event.getScored().toBuilder().setRequestId(requestId);
    score.getTimingBuilder().setTotalMs(total.toNanos() / 1e6);
    ScoreResponse built = score.build();
    flow.observer().scored(this, built, total);
    sink.onAnswer(event.toBuilder().setScored(built).build());
  }

  private void refuse(Refusal refusal) {
    if (end()) {
      flow.observer().failed(this, refusal, elapsed());
      sink.onRefused(refusal);
    }
  }

  private boolean end() {
    if (ended) {
      return false;
    }
    ended = true;
    if (timer != null) {
      timer.cancel();
    }
    flow.pending().remove(requestId);
    return true;
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - admittedAt);
  }
}
