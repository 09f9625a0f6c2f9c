package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.Call;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerationEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A call under an idempotency key: it follows the job that does its work. A caller that goes away
 * ends the call and not the job, because it is expected back. The call's context.
 */
final class KeyedCall implements Call, JobFollower.Listener {

  private final JobDesk.Submission job;
  private final Duration patience;
  private final CallContext context;
  private final CallSink sink;
  private @Nullable JobFollower follower;
  private CallContext.@Nullable Timer timer;
  private boolean ended;

  KeyedCall(JobDesk.Submission job, Duration patience, CallContext context, CallSink sink) {
    this.job = job;
    this.patience = patience;
    this.context = context;
    this.sink = sink;
  }

  void start(JobFollower own) {
    follower = own;
    timer = context.after(patience, this::onDeadline);
    own.start();
    var unused =
        job.told()
            .whenComplete((told, failure) -> {
              if (failure != null) {
                context.execute(() -> refused(Refusal.from(failure)));
              }
            });
  }

  @Override
  public String requestId() {
    return job.id();
  }

  @Override
  public String modelName() {
    return job.model();
  }

  @Override
  public String modelDigest() {
    return job.digest();
  }

  @Override
  public long createdAtMs() {
    return job.createdAtMs();
  }

  @Override
  public boolean replayed() {
    return job.replayed();
  }

  @Override
  public void cancel(String reason) {
    context.execute(this::finish);
  }

  @Override
  public void expire() {
    context.execute(this::finish);
  }

  private void onDeadline() {
    refused(
        Refusal.of(
            ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED,
            "The answer was not ready within "
                + patience.toMillis()
                + " ms; the same key asks for it again."));
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public void event(GenerationEvent event) {
    if (!ended) {
      sink.onEvent(event);
    }
  }

  @Override
  public void end(GenerationEvent event) {
    if (!finish()) {
      return;
    }
    if (event.hasFailed()) {
      sink.onRefused(Refusal.from(event.getFailed()));
    } else {
      sink.onAnswer(event);
    }
  }

  @Override
  public void refused(Refusal refusal) {
    if (finish()) {
      sink.onRefused(refusal);
    }
  }

  private boolean finish() {
    if (ended) {
      return false;
    }
    ended = true;
    if (timer != null) {
      timer.cancel();
    }
    if (follower != null) {
      follower.stop();
    }
    return true;
  }
}
