package dev.unmask.store.release;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class GatesTest {

  private static final GateLimits LIMITS = new GateLimits(0.5, 0.4, 1.5, 2);
  private static final Measured GOOD = new Measured("w1", 0, 1.2, 3, 1, 14, "sha256:a", 1, 10);

  private static String refusal(Measured measured) {
    return Gates.refusal(Gates.judge(List.of(GOOD, measured), LIMITS));
  }

  @Test
  void everyGateIsMeasuredAndPassed() {
    List<GateResult> results = Gates.judge(List.of(GOOD), LIMITS);
    assertThat(results)
        .extracting(GateResult::gate)
        .containsExactly("finite_weights", "answers", "probe_nll", "latency");
    assertThat(results).allMatch(GateResult::passed);
    assertThat(Gates.refusal(results)).isEmpty();
  }

  @Test
  void eachLimitRefusesByItselfAndSaysTheNumbers() {
    assertThat(refusal(new Measured("w2", 7, 1, 3, 0, 10, "sha256:a", 1, 10)))
        .isEqualTo("w2: 7 of the weights are not finite");
    assertThat(refusal(new Measured("w2", 0, 1, 3, 2, 10, "sha256:a", 1, 10)))
        .contains("w2: 2 of 3 probes", "40 %");
    assertThat(refusal(new Measured("w2", 0, 1.51, 3, 0, 10, "sha256:a", 1, 10)))
        .contains("1.510 nats", "at most 1.500");
    assertThat(refusal(new Measured("w2", 0, Double.NaN, 3, 0, 10, "sha256:a", 1, 10)))
        .contains("NaN nats");
    assertThat(refusal(new Measured("w2", 0, 1, 3, 0, 15.1, "sha256:a", 1, 10)))
        .contains("15.10 ms", "at most 15.00 ms");
  }

  @Test
  void smallDifferencesOfFastStepsAreNoise() {
    assertThat(refusal(new Measured("w2", 0, 1, 3, 0, 2.5, "sha256:a", 1, 0.6))).isEmpty();
    assertThat(refusal(new Measured("w2", 0, 1, 3, 0, 2.7, "sha256:a", 1, 0.6))).isNotEmpty();
  }

  @Test
  void withoutWeightsThatServeThereIsNothingToCompareWith() {
    assertThat(Gates.judge(List.of(new Measured("w2", 0, 99, 3, 0, 999, "", 0, 0)), LIMITS))
        .extracting(GateResult::gate)
        .containsExactly("finite_weights", "answers");
  }
}
