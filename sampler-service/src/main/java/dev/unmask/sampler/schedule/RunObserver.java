package dev.unmask.sampler.schedule;

import java.time.Duration;

/** Told about runs for metrics; any thread, must not block. */
public interface RunObserver {

  /** A run's first forward is next; {@code queued} is the time since admission. */
  void started(Duration queued);

  /** A run ended before its outcome became anything; called once per run. */
  void ended(Outcome outcome);

  /** Sees nothing. */
  RunObserver NONE =
      new RunObserver() {
        @Override
        public void started(Duration queued) {}

        @Override
        public void ended(Outcome outcome) {}
      };
}
