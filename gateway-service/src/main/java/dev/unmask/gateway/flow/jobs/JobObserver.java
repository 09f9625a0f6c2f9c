package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.FlowObserver;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobAsked;
import java.time.Duration;

/**
 * Hears what happens to jobs and to calls under a key, at the gateway that asked for them; another
 * gateway that answers for them says nothing, so each is counted once. Must not block or throw. Any
 * thread.
 */
public interface JobObserver {

  /** Something was not taken. */
  void rejected(FlowObserver.Rejection reason, Refusal refusal);

  void asked(String id, JobAsked asked);

  /** A sampler has begun: time since it was asked for, Kafka included. */
  void started(String id, JobAsked asked, Duration sinceAsked);

  /**
   * The end, as the results topic says it.
   *
   * @param begun whether a sampler was seen to begin it before
   */
  void ended(String id, JobAsked asked, boolean begun, GenerationEvent end, Duration total);

  /** Another call under the key of something that was asked for before. */
  void repeated(String id);
}
