package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.JobOutbox.Sent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.JobRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Writes what jobs need. Methods return at once; any thread. */
public interface JobOutlet {

  /** A word about a job, for every gateway. */
  void send(JobRecord record, Sent sent);

  /**
   * A job's request, for the samplers of {@code base}; its events come for every gateway.
   *
   * @param traceparent the span that it is a part of, if one is recorded
   */
  void request(
      String base, boolean bulk, GenerationJob job, @Nullable String traceparent, Sent sent);

  /** Tells every sampler to stop the request, or not to start it. */
  void cancel(String requestId, String reason, Instant rememberUntil);
}
