package dev.unmask.cli.bench.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ArrivalsTest {

  @Test
  void aGapIsTheExponentialsQuantile() {
    // Half of all gaps at 10 a second are shorter than ln 2 / 10 s.
    assertThat(Arrivals.gap(0.5, 10)).isEqualTo(Math.log(2) / 10 * 1e9, within(1e-3));
    assertThat(Arrivals.gap(0, 10)).isZero();
    assertThat(Arrivals.gap(0.9, 20)).isEqualTo(Arrivals.gap(0.9, 10) / 2, within(1e-3));
  }

  @Test
  void timesBeginAtTheStartAndNeverGoBack() {
    long[] times = Arrivals.poisson(100, 500, 3);

    assertThat(times).hasSize(500).isSorted();
    assertThat(times[0]).isZero();
    assertThat(Arrivals.poisson(100, 500, 3)).isEqualTo(times);
    assertThat(Arrivals.poisson(100, 500, 4)).isNotEqualTo(times);
  }

  @Test
  void gapsHaveTheMeanAndTheSpreadOfAPoissonProcess() {
    long[] times = Arrivals.poisson(50, 20_001, 1);
    double[] gaps =
        IntStream.range(1, times.length).mapToDouble(i -> times[i] - times[i - 1]).toArray();
    double mean = Arrays.stream(gaps).average().orElseThrow();
    double variance = Arrays.stream(gaps).map(g -> (g - mean) * (g - mean)).average().orElseThrow();

    assertThat(mean).isEqualTo(20e6, within(0.5e6));
    // An even or a bursty schedule would have another spread: an exponential's is its mean.
    assertThat(Math.sqrt(variance) / mean).isEqualTo(1, within(0.05));
  }
}
