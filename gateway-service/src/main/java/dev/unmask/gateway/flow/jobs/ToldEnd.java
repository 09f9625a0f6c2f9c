package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import java.util.function.UnaryOperator;

/** Adds to the end of a job what only the gateway knows. */
record ToldEnd(JobFollower.Listener to, UnaryOperator<GenerationEvent> told)
    implements JobFollower.Listener {

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
    to.end(told.apply(event));
  }

  @Override
  public void refused(Refusal refusal) {
    to.refused(refusal);
  }
}
