package dev.unmask.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;

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

  private static int[] pick(CommitRule rule, double... scores) {
    return rule.pick(0, IntStream.range(0, scores.length).toArray(), scores, position -> 0.5);
  }
}
