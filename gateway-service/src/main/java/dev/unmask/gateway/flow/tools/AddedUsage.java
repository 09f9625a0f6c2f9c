package dev.unmask.gateway.flow.tools;

import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Usage;

/**
 * Adds to an answer's usage what was spent before it was asked for: steps and passes. The tokens
 * stay those of the answer.
 */
public record AddedUsage(CallSink to, Usage spent) implements CallSink {

  @Override
  public void onEvent(GenerationEvent event) {
    to.onEvent(event);
  }

  @Override
  public void onAnswer(GenerationEvent event) {
    GenerationEvent.Builder told = event.toBuilder();
    Usage.Builder usage = told.getFinalBuilder().getUsageBuilder();
    usage
        .setForwardPasses(usage.getForwardPasses() + spent.getForwardPasses())
        .setDenoisingSteps(usage.getDenoisingSteps() + spent.getDenoisingSteps());
    to.onAnswer(told.build());
  }

  @Override
  public void onRefused(Refusal refusal) {
    to.onRefused(refusal);
  }
}
