package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;

/**
 * Puts the job's id into its end, and nothing else: which record of the end a gateway has heard
 * first must not show, so its times are the sampler's.
 */
record ToldEnd(JobFollower.Listener to, String id) implements JobFollower.Listener {

  @Override
  public boolean isReady() {
    return to.isReady();
  }

  @Override
  public void event(GenerationEvent event) {
    to.event(event);
  }

  @Override
  public void end(GenerationEvent event) {
    to.end(named(event, id));
  }

  @Override
  public void refused(Refusal refusal) {
    to.refused(refusal);
  }

  /** An end with the id of its job. */
  static GenerationEvent named(GenerationEvent end, String id) {
    GenerationEvent.Builder named = end.toBuilder().setRequestId(id);
    if (end.hasFinal()) {
      named.getFinalBuilder().setRequestId(id);
    } else if (end.hasScored()) {
      named.getScoredBuilder().setRequestId(id);
    }
    return named.build();
  }
}
