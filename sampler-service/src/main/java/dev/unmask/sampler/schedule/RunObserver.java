package dev.unmask.sampler.schedule;

import dev.unmask.store.Digest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Told about runs for metrics; any thread, must not block. */
public interface RunObserver {

  /** A run's first forward is next; {@code queued} is the time since admission. */
  void started(Duration queued);

  /** A run that was cancelled while it waited or ran has ended, so long after it heard of it. */
  void cancelled(Duration sinceHeard);

  /**
   * A run ended before its outcome became anything; called once per run.
   *
   * @param weights that it ran on, or was to run on; null when it ended before that was known
   */
  void ended(Outcome outcome, @Nullable Digest weights);

  /** Sees nothing. */
  RunObserver NONE =
      new RunObserver() {
        @Override
        public void started(Duration queued) {}

        @Override
        public void cancelled(Duration sinceHeard) {}

        @Override
        public void ended(Outcome outcome, @Nullable Digest weights) {}
      };
}
