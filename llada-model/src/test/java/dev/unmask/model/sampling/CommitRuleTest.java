package dev.unmask.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommitRuleTest {

  @ParameterizedTest
  @CsvSource({"32, 32", "10, 4", "5, 8", "60, 7", "1, 1"})
  void quotasAddUpAndNeverGrow(int slots, int steps) {
    int[] quotas = quotas(slots, steps);

    assertThat(IntStream.of(quotas).sum()).isEqualTo(slots);
    for (int i = 1; i < steps; i++) {
      assertThat(quotas[i - 1] - quotas[i]).isBetween(0, 1);
    }
  }

  @Test
  void quotasFollowTheReference() {
    assertThat(quotas(10, 4)).containsExactly(3, 3, 2, 2);
    assertThat(quotas(5, 8)).containsExactly(1, 1, 1, 1, 1, 0, 0, 0);
  }

  private static int[] quotas(int slots, int steps) {
    CommitRule.Quotas rule = new CommitRule.Quotas(slots, steps);
    return IntStream.range(0, steps).map(rule::quota).toArray();
  }

  @Test
  void tiesGoToTheLowestSlot() {
    double[] confidence = {0.25, 0.5, 0.5, 0.5, 0.125};

    assertThat(pick(new CommitRule.Quotas(4, 2), confidence)).containsExactly(1, 2);
    assertThat(pick(new CommitRule.AtLeast(0.9), confidence)).containsExactly(1);
  }

  @Test
  void aThresholdTakesAllAtOrAboveItAndAlwaysTheBest() {
    double[] confidence = {0.25, 0.9, 0.5, 0.1};

    assertThat(pick(new CommitRule.AtLeast(0.5), confidence)).containsExactly(1, 2);
    assertThat(pick(new CommitRule.AtLeast(1), confidence)).containsExactly(1);
    assertThat(pick(new CommitRule.AtLeast(0), confidence)).containsExactly(0, 1, 2, 3);
  }

  @Test
  void aFactorTakesTheLargestSetWhoseLeastCertainIsCertainEnoughForIt() {
    // For factor 1 the n-th best must exceed 1 - 1/(n + 1): 0.5, 0.667, 0.75.
    CommitRule one = new CommitRule.Sure(1);

    assertThat(pick(one, 0.1, 0.9, 0.7, 0.8)).containsExactly(1, 3);
    assertThat(pick(one, 0.1, 0.9, 0.76, 0.8)).containsExactly(1, 2, 3);
    // The last one fails: it is not committed, others are.
    assertThat(pick(one, 0.9, 0.8, 0.74)).containsExactly(0, 1);
    assertThat(pick(one, 0.2, 0.3)).containsExactly(1);
    assertThat(pick(one, 0.99, 0.66)).containsExactly(0);
    assertThat(pick(new CommitRule.Sure(1e-9), 0.999, 0.999)).containsExactly(0);
    assertThat(pick(new CommitRule.Sure(1e9), 0.1, 0, 0.2)).containsExactly(0, 1, 2);
    assertThat(pick(one, 1, 1, 1)).containsExactly(0, 1, 2);
  }

  @Test
  void aFactorNeverTakesMoreThanItsInequalityAllows() {
    Random random = new Random(4);
    for (int round = 0; round < 500; round++) {
      double[] c = random.doubles(1 + random.nextInt(9)).map(x -> 1 - x * x * x).toArray();
      double factor = 0.05 + 2 * random.nextDouble();
      double[] falling = Arrays.stream(c).map(x -> -x).sorted().map(x -> -x).toArray();
      int n = 1;
      for (int i = 1; i <= c.length; i++) {
        if ((i + 1) * (1 - falling[i - 1]) < factor) {
          n = i;
        }
      }
      assertThat(pick(new CommitRule.Sure(factor), c)).hasSize(n);
    }
  }

  @Test
  void anEntropyBoundLeavesOutTheLargestEntropyOfTheSet() {
    CommitRule half = new CommitRule.Certain(0.5);

    // Entropies 0.2, 0.3, 0.4 and 2: 0.2 + 0.3 is within the bound, so the third goes along.
    assertThat(pick(half, -2, -0.2, -0.4, -0.3)).containsExactly(1, 2, 3);
    assertThat(pick(half, -0.6, -2, -0.7)).containsExactly(0);
    assertThat(pick(new CommitRule.Certain(0), 0, -1, 0, -2)).containsExactly(0, 1, 2);
  }

  @Test
  void dreamsStepsFollowItsTimes() {
    // The reference's float32 schedule for 10 slots in 4 steps: 10 * 0.24975, 8 * 0.3329, 6 *
    // 0.4990.
    assertThat(dreamCounts(10, 4)).containsExactly(2, 2, 2, 4);
    assertThat(dreamCounts(5, 1)).containsExactly(5);
    assertThat(IntStream.of(dreamCounts(64, 512)).sum()).isEqualTo(64);
    assertThat(dreamCounts(512, 512)).startsWith(0, 1, 1, 1);
  }

  private static int[] dreamCounts(int slots, int steps) {
    Timesteps.Ranked rule = new Timesteps.Ranked(steps, 0);
    int[] counts = new int[steps];
    int left = slots;
    for (int step = 0; step < steps; step++) {
      counts[step] = rule.count(step, left);
      left -= counts[step];
    }
    return counts;
  }

  @Test
  void drawnSlotsFollowTheSoftmaxOfTheirScoresOneAfterTheOther() {
    double[] scores = {0.9, 0.5, 0.7, 0.2, 0.6};
    double temperature = 0.25;
    Timesteps.Ranked rule = new Timesteps.Ranked(2, temperature);
    int[] asked = {4, 5, 6, 7, 8};
    int rounds = 40_000;
    double[][] pairs = new double[5][5];
    for (int seed = 0; seed < rounds; seed++) {
      Draws draws = new Draws.Seeded(seed);
      // In the first of two steps 5 * 0.4995 is two slots.
      int[] two = rule.pick(0, asked, scores, position -> draws.remasking(0, position));
      assertThat(two).hasSize(2);
      pairs[two[0]][two[1]]++;
    }
    double[] weights = Arrays.stream(scores).map(c -> Math.exp(c / temperature)).toArray();
    double total = Arrays.stream(weights).sum();
    for (int i = 0; i < 5; i++) {
      for (int j = i + 1; j < 5; j++) {
        double first = weights[i] / total;
        double second = weights[j] / total;
        double p = first * second / (1 - first) + first * second / (1 - second);
        assertThat(pairs[i][j] / rounds).isCloseTo(p, within(4 * Math.sqrt(p * (1 - p) / rounds)));
      }
    }
  }

  @Test
  void randomOrdersAreKnownBeforeThePass() {
    double[] uniform = {0.3, 0.9, 0.1, 0.6};
    int[] masked = {0, 1, 2, 3};
    CommitRule quotas = new CommitRule.RandomQuotas(4, 2);
    CommitRule origin = new Timesteps.Independent(2);

    assertThat(quotas.ask(0, masked, position -> uniform[position])).containsExactly(1, 3);
    // Half of the time is over after the first of two steps, and all of it after the last.
    assertThat(origin.ask(0, masked, position -> uniform[position])).containsExactly(0, 2);
    assertThat(origin.ask(1, masked, position -> uniform[position])).hasSize(4);
  }

  private static int[] pick(CommitRule rule, double... scores) {
    return rule.pick(0, IntStream.range(0, scores.length).toArray(), scores, position -> 0.5);
  }
}
