package dev.unmask.sampler.models;

/**
 * Leave to stop serving for a while. The samplers of a base take turns, so that most of them answer
 * at any time. Thread-safe; nothing blocks.
 */
public interface DrainTurn {

  /**
   * Asks for a turn.
   *
   * @param granted called once, on any thread, unless {@link #end} came first
   */
  void ask(Runnable granted);

  /** Gives the turn back, or asks no longer. */
  void end();

  /** Of a worker that is alone: it is always its turn. */
  static DrainTurn always() {
    return new DrainTurn() {
      @Override
      public void ask(Runnable granted) {
        granted.run();
      }

      @Override
      public void end() {}
    };
  }
}
