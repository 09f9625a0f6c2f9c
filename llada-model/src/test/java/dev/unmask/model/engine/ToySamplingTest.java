package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The sampler on a distribution small enough to know everything about. */
class ToySamplingTest {

  private static final int SAMPLES = 20_000;

  @Test
  void greedyOneAtATimeFindsTheModeWithTheKnownConfidences() {
    CanvasRun run = run(new Decoding.Quota(3));
    List<SlotCommit> commits = new ArrayList<>();
    try (PackedStep step = new PackedStep(new ToyPredictor())) {
      while (!run.finished()) {
        commits.addAll(step.step(List.of(run)).results().get(0).commits());
      }
    }

    assertThat(run.canvas()).containsExactly(2, 1, 0);
    assertThat(commits.get(0).confidence()).isCloseTo(38f / 95, within(1e-6f));
    assertThat(commits.get(1).confidence()).isCloseTo(15f / 38, within(1e-6f));
    assertThat(commits.get(2).confidence()).isCloseTo(7f / 15, within(1e-6f));
  }

  @Test
  void greedyAllAtOnceMissesTheModeAsItMust() {
    CanvasRun run = run(new Decoding.Quota(1));
    try (PackedStep step = new PackedStep(new ToyPredictor())) {
      step.step(List.of(run));
    }

    assertThat(run.finished()).isTrue();
    assertThat(run.canvas()).containsExactly(2, 1, 1);
  }

  @Test
  void randomOrderOneAtATimeReproducesTheDistribution() {
    assertThat(distance(3)).isLessThan(0.03);
  }

  @Test
  void samplingSlotsTogetherIsOffByTheKnownDistance() {
    assertThat(distance(1)).isCloseTo(0.1962070273, within(0.02));
  }

  /** Total variation between the distribution and samples at temperature 1 in random order. */
  private static double distance(int steps) {
    double[] counts = new double[27];
    try (PackedStep step = new PackedStep(new ToyPredictor())) {
      List<CanvasRun> runs = new ArrayList<>();
      for (int seed = 0; seed < SAMPLES; seed++) {
        GenerationSettings settings =
            new GenerationSettings(
                3, 3, new Decoding.Quota(steps), Remasking.RANDOM, 1, 0, seed, false, false, false);
        runs.add(
            CanvasRun.behind(
                new int[0], settings, new ToyPredictor().config(), new Draws.Seeded(seed)));
      }
      for (int i = 0; i < steps; i++) {
        step.step(runs);
      }
      for (CanvasRun run : runs) {
        int[] x = run.canvas();
        counts[9 * x[0] + 3 * x[1] + x[2]]++;
      }
    }
    double distance = 0;
    for (int code = 0; code < 27; code++) {
      double p = ToyPredictor.weight(code / 9, code / 3 % 3, code % 3) / 95.0;
      distance += Math.abs(counts[code] / SAMPLES - p) / 2;
    }
    return distance;
  }

  private static CanvasRun run(Decoding decoding) {
    return CanvasRun.behind(
        new int[0],
        GenerationSettings.greedy(3, 3, decoding),
        new ToyPredictor().config(),
        new Draws.Seeded(0));
  }
}
