package dev.unmask.model.likelihood;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.likelihood.MaskDraws.MaskedRow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/**
 * The estimator on a law small enough to enumerate. The expected numbers were computed apart from
 * this code, in 30 digits. Every mask goes through the estimator as a recorded row.
 */
class ToyLikelihoodTest {

  private static final Offset<Double> EXACT = within(1e-9);
  private static final double EPSILON = 1e-3;
  private static final int[] WORD = {0, 1, 2};

  @Test
  void everyMaskOnceIsTheTrueLogProbability() {
    assertThat(ToyLaw.logProbability(0, 1, 2)).isCloseTo(-2.762117422372486, EXACT);
    assertThat(bound(ToyLaw.exact(), 0, 1, 2)).isCloseTo(-2.762117422372486, EXACT);
    assertThat(bound(ToyLaw.exact(), 2, 2, 2)).isCloseTo(-3.1675825304806504, EXACT);
    assertThat(bound(ToyLaw.exact(), 1, 0, 0)).isCloseTo(-3.8607297110405954, EXACT);
  }

  @Test
  void theNumberOfMasksMatters() {
    assertThat(withMasks(ToyLaw.exact(), 1, WORD)).isCloseTo(-2.120263536200091, EXACT);
    assertThat(withMasks(ToyLaw.exact(), 2, WORD)).isCloseTo(-3.042933875038285, EXACT);
    assertThat(withMasks(ToyLaw.exact(), 3, WORD)).isCloseTo(-3.1231548558790814, EXACT);
  }

  @Test
  void theOneOverTimeFormIsTheSameUpToItsCutOff() {
    assertThat(overTime(0, WORD)).isCloseTo(-2.762117422372486, EXACT);
    assertThat(overTime(EPSILON, WORD)).isCloseTo(-2.7627589954422054, EXACT);
  }

  @Test
  void oneSampleVariesFarLessThanInTheOneOverTimeForm() {
    double mean = bound(ToyLaw.exact(), WORD);
    double square = 0;
    for (MaskedRow row : allMasks()) {
      double value = estimate(ToyLaw.exact(), List.of(row), WORD);
      square += value * value / chances(row);
    }
    assertThat(square - mean * mean).isCloseTo(0.525193738290245, EXACT);

    // E[(S/t)^2] with t uniform on [eps, 1].
    double overTimeSquare = 0;
    for (MaskedRow row : allMasks()) {
      int n = row.slots().length;
      double sum = estimate(ToyLaw.exact(), List.of(new MaskedRow(row.slots(), 1)), WORD);
      overTimeSquare +=
          sum * sum * integral(t -> Math.pow(t, n - 2.0) * Math.pow(1 - t, 3.0 - n), EPSILON);
    }
    double overTime = overTime(EPSILON, WORD);
    assertThat(overTimeSquare - overTime * overTime).isCloseTo(12.95324524702926, EXACT);
  }

  @Test
  void theMeanOverTheLawIsItsEntropyAndTheFactorisedOneAddsTheTotalCorrelation() {
    double entropy = -ToyLaw.mean(ToyLaw::logProbability);
    double exact = -ToyLaw.mean(x -> bound(ToyLaw.exact(), x));
    double factorised = -ToyLaw.mean(x -> bound(ToyLaw.factorised(), x));

    assertThat(entropy).isCloseTo(3.1311017436562314, EXACT);
    assertThat(exact).isCloseTo(entropy, EXACT);
    assertThat(factorised).isCloseTo(3.2561733320624, EXACT);
    assertThat(factorised - exact).isCloseTo(0.1250715884061687, EXACT);
  }

  @Test
  void forOneSequenceAnImperfectPredictorMayScoreAboveTheTruth() {
    // It is a bound in expectation over the data, not for each item.
    assertThat(bound(ToyLaw.factorised(), 1, 0, 0))
        .isCloseTo(-3.797923992277339, EXACT)
        .isGreaterThan(ToyLaw.logProbability(1, 0, 0));
  }

  @Test
  void seededDrawsConvergeToTheTruthWithinTheirStandardError() {
    LikelihoodResult result =
        Likelihood.of(
            ToyLaw.exact(),
            new LikelihoodTask(new int[0], WORD, new LikelihoodSettings(30_000, 3, 0, 7)));

    // Rows of a batch of 3 mask 1, 2 and 3 slots: what is left is which slots.
    assertThat(result.standardError()).isBetween(1e-4, 5e-3);
    assertThat(result.logLikelihood())
        .isCloseTo(ToyLaw.logProbability(WORD), within(4 * result.standardError()));
  }

  @Test
  void theStandardErrorIsTheSpreadOfRepeatedEstimates() {
    // No stratum of these batches falls on a half, so the estimate is unbiased.
    for (int batch : new int[] {1, 3, 5}) {
      List<LikelihoodResult> results = repeated(1500, 60, batch);
      double mean =
          results.stream().mapToDouble(LikelihoodResult::logLikelihood).average().orElse(0);
      double spread =
          Math.sqrt(
              results.stream()
                      .mapToDouble(r -> (r.logLikelihood() - mean) * (r.logLikelihood() - mean))
                      .sum()
                  / (results.size() - 1));
      double reported =
          Math.sqrt(
              results.stream()
                  .mapToDouble(r -> r.standardError() * r.standardError())
                  .average()
                  .orElseThrow());
      // Both are known to about 1/sqrt(2 * 1500), 2 per cent.
      assertThat(reported / spread).as("batch " + batch).isBetween(0.92, 1.08);
      assertThat(mean)
          .isCloseTo(ToyLaw.logProbability(WORD), within(4 * spread / Math.sqrt(results.size())));
    }
  }

  @Test
  void strataThatFallOnHalvesFavourEvenNumbersAsInTheReference() {
    // L = 3 in batches of 6: every second row lies on a half, and rounding to even never gives it
    // 3.
    double expected = 0;
    for (int first = 1; first <= 3; first++) {
      for (int row = 0; row < 6; row++) {
        expected += withMasks(ToyLaw.exact(), Strata.masked(first, row, 6, 3), WORD) / 18;
      }
    }
    assertThat(expected - ToyLaw.logProbability(WORD)).isCloseTo(0.111432, within(1e-5));

    List<LikelihoodResult> results = repeated(1500, 60, 6);
    double mean = results.stream().mapToDouble(LikelihoodResult::logLikelihood).average().orElse(0);
    assertThat(mean).isCloseTo(expected, within(0.01));
  }

  private static List<LikelihoodResult> repeated(int times, int samples, int batch) {
    List<LikelihoodRun> runs = new ArrayList<>();
    for (int seed = 0; seed < times; seed++) {
      LikelihoodSettings settings = new LikelihoodSettings(samples, batch, 0, seed);
      runs.add(
          new LikelihoodRun(
              new LikelihoodTask(new int[0], WORD, settings), ToyLaw.exact().config()));
    }
    try (LikelihoodPass pass =
        new LikelihoodPass(ToyLaw.exact(), new LikelihoodPass.Budget(20_000, 1L << 20))) {
      for (List<LikelihoodRun> left = runs; !left.isEmpty(); ) {
        pass.step(left);
        left = left.stream().filter(run -> !run.finished()).toList();
      }
    }
    return runs.stream().map(LikelihoodRun::result).toList();
  }

  /** Eq. 6 with every mask: numbers of slots equally likely, then slots. */
  private static double bound(ToyLaw law, int... word) {
    double sum = 0;
    for (int n = 1; n <= 3; n++) {
      sum += withMasks(law, n, word) / 3;
    }
    return sum;
  }

  private static double withMasks(ToyLaw law, int n, int... word) {
    return estimate(law, allMasks().stream().filter(row -> row.slots().length == n).toList(), word);
  }

  /** E[S/t] over t uniform on [from, 1] and slots masked with probability t each. */
  private static double overTime(double from, int... word) {
    double sum = 0;
    for (MaskedRow row : allMasks()) {
      int n = row.slots().length;
      sum +=
          estimate(ToyLaw.exact(), List.of(new MaskedRow(row.slots(), 1)), word)
              * integral(t -> Math.pow(t, n - 1.0) * Math.pow(1 - t, 3.0 - n), from);
    }
    return sum;
  }

  private static double estimate(ToyLaw law, List<MaskedRow> rows, int... word) {
    return Likelihood.of(
            law,
            new LikelihoodTask(
                new int[0],
                word,
                new LikelihoodSettings(rows.size(), 1, 0, 0),
                new MaskDraws.Recorded(rows)))
        .logLikelihood();
  }

  private static List<MaskedRow> allMasks() {
    List<MaskedRow> rows = new ArrayList<>();
    for (int code = 1; code < 8; code++) {
      int bits = code;
      int[] slots =
          java.util.stream.IntStream.range(0, 3).filter(i -> (bits >> i & 1) == 1).toArray();
      rows.add(new MaskedRow(slots, 3.0 / slots.length));
    }
    return rows;
  }

  /** One over the probability of a mask: three numbers of slots, then how many masks have it. */
  private static double chances(MaskedRow row) {
    return row.slots().length == 3 ? 3 : 9;
  }

  /** The mean over t uniform on [from, 1]: Gauss-Legendre in ln t, pieces of 5 points. */
  private static double integral(DoubleUnaryOperator f, double from) {
    double[] nodes = {0, 0.5384693101056831, 0.906179845938664};
    double[] weights = {0.5688888888888889, 0.4786286704993665, 0.2369268850561891};
    // Below 1e-13 nothing of the integrands without a cut-off is left.
    double low = Math.log(Math.max(from, 1e-13));
    int pieces = 4000;
    double half = -low / pieces / 2;
    double sum = 0;
    for (int piece = 0; piece < pieces; piece++) {
      double middle = low + (2 * piece + 1) * half;
      for (int i = 0; i < 3; i++) {
        for (int side = -1; side <= (i == 0 ? -1 : 1); side += 2) {
          double t = Math.exp(middle + side * nodes[i] * half);
          sum += weights[i] * half * t * f.applyAsDouble(t);
        }
      }
    }
    return sum / (1 - from);
  }
}
