package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.FlowObserver;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.jobs.JobObserver;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.Priority;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;

/**
 * Jobs and calls under a key, counted and logged as calls are, by the gateway that asked for them.
 * What somebody waits for counts in the histograms of calls; bulk jobs have one of their own,
 * because they may lie for hours.
 */
public final class JobMetrics implements JobObserver {

  private static final Logger LOG = Logger.getLogger(JobMetrics.class);

  private final MeterRegistry registry;
  private final CallMetrics calls;
  private final FlowObserver rejections;
  private final AtomicInteger openCalls;
  private final AtomicInteger openJobs;

  /**
   * @param calls where answers of both kinds are counted
   * @param rejections hears of what was not taken
   */
  public JobMetrics(MeterRegistry registry, CallMetrics calls, FlowObserver rejections) {
    this.registry = registry;
    this.calls = calls;
    this.rejections = rejections;
    openCalls = open("call");
    openJobs = open("job");
  }

  private AtomicInteger open(String kind) {
    AtomicInteger open = new AtomicInteger();
    var unused = registry.gauge("unmask_jobs_open", Tags.of("kind", kind), open);
    return open;
  }

  @Override
  public void rejected(FlowObserver.Rejection reason, Refusal refusal) {
    rejections.rejected(reason, refusal);
  }

  @Override
  public void asked(String id, JobAsked asked) {
    open(asked).incrementAndGet();
    LOG.debugf(
        "event=job.asked request_id=%s keyed_call=%b digest=%s",
        id, asked.getKeyedCall(), asked.getJob().getModelDigest());
  }

  @Override
  public void started(String id, JobAsked asked, Duration sinceAsked) {
    if (asked.getPriority() == Priority.PRIORITY_INTERACTIVE) {
      calls.queued(sinceAsked);
    }
  }

  @Override
  public void ended(String id, JobAsked asked, boolean begun, GenerationEvent end, Duration total) {
    open(asked).decrementAndGet();
    boolean interactive = asked.getPriority() == Priority.PRIORITY_INTERACTIVE;
    String priority = interactive ? "interactive" : "bulk";
    registry.timer("unmask_job_duration", "priority", priority).record(total);
    switch (end.getEventCase()) {
      case FINAL -> {
        GenerateResponse answer = end.getFinal();
        calls.countAnswer(answer);
        if (interactive) {
          calls.timeAnswer(answer, total);
        }
        LOG.infof(
            "event=job.answered request_id=%s keyed_call=%b model=%s digest=%s worker=%s attempt=%d"
                + " completion_tokens=%d steps=%d total_ms=%d",
            id,
            asked.getKeyedCall(),
            answer.getModel(),
            answer.getModelDigest(),
            answer.getWorker(),
            answer.getAttempt(),
            answer.getUsage().getCompletionTokens(),
            answer.getUsage().getDenoisingSteps(),
            total.toMillis());
      }
      case SCORED -> {
        calls.countScore(end.getScored());
        LOG.infof(
            "event=job.scored request_id=%s keyed_call=%b digest=%s worker=%s attempt=%d"
                + " total_ms=%d",
            id,
            asked.getKeyedCall(),
            end.getScored().getModelDigest(),
            end.getScored().getWorker(),
            end.getScored().getAttempt(),
            total.toMillis());
      }
      default -> failed(id, asked, begun, Refusal.from(end.getFailed()), total);
    }
  }

  private void failed(String id, JobAsked asked, boolean begun, Refusal why, Duration total) {
    if (why.code() == ErrorCode.ERROR_CODE_CANCELLED) {
      calls.countCancel(begun);
    } else {
      calls.countFailure(why, begun);
    }
    String line =
        String.format(
            "event=job.failed request_id=%s keyed_call=%b code=%s total_ms=%d",
            id, asked.getKeyedCall(), why.label(), total.toMillis());
    if (why.code() == ErrorCode.ERROR_CODE_INTERNAL) {
      LOG.errorf("%s cause=\"%s\"", line, why.message());
    } else {
      LOG.info(line);
    }
  }

  @Override
  public void repeated(String id) {
    registry.counter("unmask_idempotent_repeats").increment();
    LOG.infof("event=call.repeated request_id=%s", id);
  }

  private AtomicInteger open(JobAsked asked) {
    return asked.getKeyedCall() ? openCalls : openJobs;
  }
}
