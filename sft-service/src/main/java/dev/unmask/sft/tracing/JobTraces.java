package dev.unmask.sft.tracing;

import dev.unmask.sft.job.JobEvents;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.tracing.Tracing;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The spans of the jobs that this trainer works on, by job. Any thread. */
public final class JobTraces {

  private final Tracing tracing;
  private final Map<String, TraceSpan> jobs = new ConcurrentHashMap<>();

  public JobTraces(Tracing tracing) {
    this.tracing = tracing;
  }

  /**
   * A job was taken.
   *
   * @param traceparent of whoever asked for it, null when nobody records it
   */
  public void taken(String jobId, @Nullable String traceparent) {
    TraceSpan span = tracing.begin("fine-tuning job", TraceSpan.Kind.CONSUMER, traceparent);
    if (span.isRecording()) {
      jobs.put(jobId, span.set("unmask.id", jobId));
    }
  }

  /** Hears what the job says, and tells {@code next}. */
  public JobEvents over(String jobId, JobEvents next) {
    TraceSpan span = jobs.get(jobId);
    return span == null ? next : new TracedEvents(next, span);
  }

  /** How others name the span of a job; null when it is not recorded. */
  public @Nullable String traceparent(String jobId) {
    return jobs.getOrDefault(jobId, TraceSpan.NONE).traceparent();
  }

  /** The job has ended, or was left. */
  public void left(String jobId) {
    TraceSpan span = jobs.remove(jobId);
    if (span != null) {
      span.end();
    }
  }
}
