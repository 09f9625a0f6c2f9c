package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The sampler on a distribution small enough to know everything about. */
class ToySamplingTest {

  private static final int SAMPLES = 20_000;

  @Test
  void greedyOneAtATimeFindsTheModeWithTheKnownConfidences() {
    CanvasRun run = run(new Decoding.Quota(3));
    List<SlotCommit> commits = new ArrayList<>();
    try (PackedStep step = new PackedStep(new ToyPredictor())) {
      while (!run.finished()) {
        commits.addAll(step.step(List.of(run)).results().get(0).get(0).commits());
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

  /** 8.3-17 and the distances of 8.1: together, two then one, one by one. */
  @ParameterizedTest
  @CsvSource({"1, 0.1962070273", "2, 0.0617609441", "3, 0"})
  void samplesFollowTheLawOfTheirScheduleWhoseDistanceIsKnown(int steps, double distance) {
    double[] p = new double[27];
    double[] law = new double[27];
    double among = 0;
    double trueAmong = 0;
    double[] counts = counts(steps);
    double seenAmong = 0;
    double chiSquare = 0;
    double total = 0;
    for (int code = 0; code < 27; code++) {
      p[code] = ToyPredictor.weight(code / 9, code / 3 % 3, code % 3) / 95.0;
      law[code] = law(steps, code);
      total += Math.abs(law[code] - p[code]) / 2;
      if (law[code] > p[code] + 1e-12) {
        among += law[code];
        trueAmong += p[code];
        seenAmong += counts[code] / SAMPLES;
      }
      double expected = law[code] * SAMPLES;
      chiSquare += (counts[code] - expected) * (counts[code] - expected) / expected;
    }

    assertThat(total).isCloseTo(distance, within(1e-9));
    // 26 degrees of freedom: one run in a thousand honest ones lies above 54.05.
    assertThat(chiSquare).isLessThan(54.05);
    // The distance is what the law puts too much on the outcomes it overrates; the same sum over
    // samples estimates it without bias.
    double standardError = Math.sqrt(among * (1 - among) / SAMPLES);
    assertThat(seenAmong - trueAmong).isCloseTo(distance, within(3 * standardError + 1e-12));
  }

  /** Samples at temperature 1 in random order. */
  private static double[] counts(int steps) {
    double[] counts = new double[27];
    try (PackedStep step = new PackedStep(new ToyPredictor())) {
      List<CanvasRun> runs = new ArrayList<>();
      for (int seed = 0; seed < SAMPLES; seed++) {
        GenerationSettings settings =
            GenerationSettings.builder(3, 3)
                .steps(steps)
                .remasking(Remasking.RANDOM)
                .temperature(1)
                .eosEarlyExit(false)
                .build();
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
    return counts;
  }

  /** The exact probability that a schedule gives an outcome, by enumeration. */
  private static double law(int steps, int code) {
    int[] x = {code / 9, code / 3 % 3, code % 3};
    if (steps == 1) {
      return mass(x, 0) * mass(x, 1) * mass(x, 2);
    }
    double p = ToyPredictor.weight(x[0], x[1], x[2]) / 95.0;
    if (steps == 3) {
      return p;
    }
    double sum = 0;
    for (int last = 0; last < 3; last++) {
      int first = last == 0 ? 1 : 0;
      int second = last == 2 ? 1 : 2;
      sum += mass(x, first) * mass(x, second) * p / mass(x, first, second) / 3;
    }
    return sum;
  }

  /** The true probability that some slots hold what they hold in {@code x}. */
  private static double mass(int[] x, int... slots) {
    double sum = 0;
    for (int code = 0; code < 27; code++) {
      int[] y = {code / 9, code / 3 % 3, code % 3};
      if (IntStream.of(slots).allMatch(slot -> y[slot] == x[slot])) {
        sum += ToyPredictor.weight(y[0], y[1], y[2]) / 95.0;
      }
    }
    return sum;
  }

  private static CanvasRun run(Decoding decoding) {
    return CanvasRun.behind(
        new int[0],
        GenerationSettings.greedy(3, 3, decoding),
        new ToyPredictor().config(),
        new Draws.Seeded(0));
  }
}
