package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.MaskPredictor;

/**
 * Times a scenario as the engine runs it: blocks, then head and choice in the engine's stretches.
 */
final class StepTimes {

  private final MaskPredictor model;
  private final TokenChooser chooser;
  private final Scenario scenario;
  private final double noise;
  private final Stopwatch forward = new Stopwatch();
  private final Stopwatch greedyTail = new Stopwatch();
  private final Stopwatch noisyTail = new Stopwatch();
  private final Stopwatch greedyStep = new Stopwatch();

  /**
   * A scenario to be timed.
   *
   * @param noise the temperature of the second tail
   */
  StepTimes(MaskPredictor model, TokenChooser chooser, Scenario scenario, double noise) {
    this.model = model;
    this.chooser = chooser;
    this.scenario = scenario;
    this.noise = noise;
  }

  /** Runs the step once or, when it is short, a few times. */
  void round() {
    Stopwatch unused = new Stopwatch();
    unused.time(this::once);
  }

  private void once() {
    try (NDManager step = TorchRuntime.newManager()) {
      long start = ThreadClock.nanos();
      NDArray states = model.states(step, scenario.batch());
      double blocks = (ThreadClock.nanos() - start) / 1e9;
      double head = choose(states, 0, greedyTail);
      forward.add(blocks + head);
      greedyStep.add((ThreadClock.nanos() - start) / 1e9);
      choose(states, noise, noisyTail);
    }
  }

  /** Seconds that the head took; the rest goes to {@code tail}. */
  private double choose(NDArray states, double temperature, Stopwatch tail) {
    double[] head = new double[1];
    long start = ThreadClock.nanos();
    var unused =
        chooser.choose(
            (owner, first, count) -> {
              long begin = ThreadClock.nanos();
              NDArray logits = model.head(owner, chooser.rows(owner, states, first, count));
              head[0] += (ThreadClock.nanos() - begin) / 1e9;
              return logits;
            },
            scenario.requests(temperature));
    tail.add((ThreadClock.nanos() - start) / 1e9 - head[0]);
    return head[0];
  }

  /** Forgets all rounds so far. */
  void forget() {
    forward.forget();
    greedyTail.forget();
    noisyTail.forget();
    greedyStep.forget();
  }

  /** Seconds of blocks and head in the best round. */
  double forward() {
    return forward.best();
  }

  /** Seconds from packed tokens to chosen ones at temperature 0 in the best round. */
  double step() {
    return greedyStep.best();
  }

  /** The tail's share of the whole step at temperature 0. */
  double greedyTailShare() {
    return greedyTail.best() / (greedyTail.best() + forward.best());
  }

  /** The tail's share of the whole step with noise. */
  double noisyTailShare() {
    return noisyTail.best() / (noisyTail.best() + forward.best());
  }

  /** Operations of the forward pass a second, in 1e9. */
  double gflops() {
    return scenario.flops() / forward() / 1e9;
  }

  Scenario scenario() {
    return scenario;
  }
}
