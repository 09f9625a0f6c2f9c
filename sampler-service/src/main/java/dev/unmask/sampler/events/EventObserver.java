package dev.unmask.sampler.events;

import java.time.Duration;

/** Told about events for metrics; sender thread. Durations are since the request's admission. */
public interface EventObserver {

  /** A step event was handed to the producer. */
  void frame();

  /** The first step event of a request was handed to the producer. */
  void firstFrame(Duration sinceAdmission);

  /** The first committed text of a request was handed to the producer. */
  void firstText(Duration sinceAdmission);

  /** A dead letter was written. */
  void deadLetter(String reason);

  /** Sees nothing. */
  EventObserver NONE =
      new EventObserver() {
        @Override
        public void frame() {}

        @Override
        public void firstFrame(Duration sinceAdmission) {}

        @Override
        public void firstText(Duration sinceAdmission) {}

        @Override
        public void deadLetter(String reason) {}
      };
}
