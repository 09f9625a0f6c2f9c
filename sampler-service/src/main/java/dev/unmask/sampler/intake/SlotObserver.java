package dev.unmask.sampler.intake;

/** Told about slots for metrics and heartbeats; slot threads, must not block. */
public interface SlotObserver {

  /** A slot took a request; {@code attempt} counts its deliveries. */
  void taken(int attempt);

  /** The slot is free again. */
  void freed();

  /** A slot gave up a request without a terminal event. */
  void abandoned(String cause);

  /** Sees nothing. */
  SlotObserver NONE =
      new SlotObserver() {
        @Override
        public void taken(int attempt) {}

        @Override
        public void freed() {}

        @Override
        public void abandoned(String cause) {}
      };
}
