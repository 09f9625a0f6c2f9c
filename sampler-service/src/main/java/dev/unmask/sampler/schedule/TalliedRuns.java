package dev.unmask.sampler.schedule;

import dev.unmask.store.Digest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Counts runs by the weights they ran on, and tells another observer. */
public record TalliedRuns(RunObserver next, ModelTally tally) implements RunObserver {

  @Override
  public void started(Duration queued) {
    next.started(queued);
  }

  @Override
  public void cancelled(Duration sinceHeard) {
    next.cancelled(sinceHeard);
  }

  @Override
  public void ended(Outcome outcome, @Nullable Digest weights) {
    if (weights != null) {
      tally.count(outcome, weights);
    }
    next.ended(outcome, weights);
  }
}
