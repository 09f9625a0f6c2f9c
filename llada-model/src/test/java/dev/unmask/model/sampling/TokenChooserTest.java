package dev.unmask.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenChooserTest {

  private static final int COLUMNS = 8;

  /** Ids 0..6 are tokens, 6 is the mask, 5 ends answers, 4 ends turns, column 7 is padding. */
  private static final ModelConfig SHAPE =
      ModelConfig.shape()
          .width(2)
          .layers(1)
          .heads(1)
          .mlpWidth(2)
          .vocabularySize(7)
          .embeddingSize(COLUMNS)
          .tiedHead(true)
          .contextLength(64)
          .tokens(6, 5, 4)
          .build();

  private static final float[] LOGITS = {0, 1, 2, 0.5f, 2.5f, 3, 9, 9};

  @Test
  void neverChoosesTheMaskOrPaddingButCountsThemInTheConfidence() {
    TokenChooser.Choices choices = choose(settings(0, 0, false, false), new Draws.Seeded(1), 1);

    assertThat(choices.tokens()).containsExactly(5);
    assertThat(choices.confidences()[0]).isCloseTo(softmax(LOGITS, 5), within(1e-6f));
  }

  @Test
  void forbiddenEosLeavesTheSoftmaxToo() {
    TokenChooser.Choices choices = choose(settings(0, 0, true, false), new Draws.Seeded(1), 1);

    float[] without = LOGITS.clone();
    without[5] = Float.NEGATIVE_INFINITY;
    assertThat(choices.tokens()).containsExactly(4);
    assertThat(choices.confidences()[0]).isCloseTo(softmax(without, 4), within(1e-6f));
  }

  @Test
  void lateEosIsStillChosenButWithoutConfidenceAtEveryTemperature() {
    assertThat(choose(settings(0, 0, false, true), new Draws.Seeded(1), 1))
        .satisfies(c -> {
          assertThat(c.tokens()).containsExactly(5);
          assertThat(c.confidences()).containsExactly(0f);
        });
    TokenChooser.Choices noisy = choose(settings(1, 0, false, true), new Draws.Seeded(1), 64);
    for (int i = 0; i < 64; i++) {
      boolean ends = noisy.tokens()[i] == 5 || noisy.tokens()[i] == 4;
      assertThat(noisy.confidences()[i] == 0).isEqualTo(ends);
    }
  }

  @Test
  void noiseDrawsFromTheSoftmaxOverAllowedTokens() {
    int draws = 100_000;
    double temperature = 0.7;
    TokenChooser.Choices choices =
        choose(settings(temperature, 0, false, false), new Draws.Seeded(3), draws);

    double total = IntStream.range(0, 6).mapToDouble(i -> Math.exp(LOGITS[i] / temperature)).sum();
    double chiSquare = 0;
    for (int token = 0; token < 6; token++) {
      int id = token;
      double expected = draws * Math.exp(LOGITS[token] / temperature) / total;
      double got = Arrays.stream(choices.tokens()).filter(t -> t == id).count();
      chiSquare += (got - expected) * (got - expected) / expected;
    }
    // 5 degrees of freedom: one run in 10 000 honest ones lies above 25.7.
    assertThat(chiSquare).isLessThan(25.7);
    assertThat(choices.tokens()).doesNotContain(6, 7);
  }

  @Test
  void guidanceMovesAwayFromTheUnconditional() {
    float[] unconditional = {0, 3, 0, 0, 0, 0, 0, 0};
    float[] both = Arrays.copyOf(LOGITS, 2 * COLUMNS);
    System.arraycopy(unconditional, 0, both, COLUMNS, COLUMNS);
    float[] expected = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      expected[i] = unconditional[i] + 2.5f * (LOGITS[i] - unconditional[i]);
    }
    try (TokenChooser chooser = new TokenChooser(SHAPE);
        NDManager manager = TorchRuntime.newManager()) {
      TokenChooser.Choices choices =
          chooser.choose(
              manager.create(both, new Shape(2, COLUMNS)),
              List.of(request(settings(0, 1.5, false, false), new Draws.Seeded(1), 1)));

      assertThat(choices.tokens()).containsExactly(5);
      assertThat(choices.confidences()[0]).isCloseTo(softmax(expected, 5), within(1e-6f));
    }
  }

  @Test
  void topPAndTopKCutTheTemperedDistributionThatTokensAreDrawnFrom() {
    int draws = 50_000;
    GenerationSettings settings =
        GenerationSettings.builder(8, 8)
            .decoding(new Decoding.Dream(8, DreamAlgorithm.MASKGIT_PLUS, 0))
            .temperature(2)
            .topP(0.97)
            .topK(6)
            .build();
    TokenChooser.Choices choices = choose(settings, new Draws.Seeded(3), draws);

    // Columns by logit: mask and padding 9, then 5, 4, 2, 1, 3, 0. top_k keeps six of them; at
    // temperature 2 the first five reach 0.97 only with the fifth, the sixth is beyond.
    double[] weights = new double[COLUMNS];
    for (int column : new int[] {6, 7, 5, 4, 2}) {
      weights[column] = Math.exp(LOGITS[column] / 2);
    }
    double all = Arrays.stream(weights).sum();
    int kept = 0;
    double reached = 0;
    for (int column : new int[] {6, 7, 5, 4, 2, 1}) {
      double full = 0;
      for (float logit : LOGITS) {
        full += Math.exp(logit / 2);
      }
      kept += reached <= 0.97 ? 1 : 0;
      reached += Math.exp(LOGITS[column] / 2) / full;
    }
    assertThat(kept).isEqualTo(5);
    assertThat(Arrays.stream(choices.tokens()).distinct().sorted().toArray())
        .containsExactly(2, 4, 5);
    double drawable = weights[5] + weights[4] + weights[2];
    for (int token : new int[] {2, 4, 5}) {
      double p = weights[token] / drawable;
      double seen = Arrays.stream(choices.tokens()).filter(t -> t == token).count();
      assertThat(seen / draws).isCloseTo(p, within(4 * Math.sqrt(p * (1 - p) / draws)));
    }
    for (int i = 0; i < 20; i++) {
      assertThat(choices.scores()[i])
          .isCloseTo((float) (weights[choices.tokens()[i]] / all), within(1e-6f));
      assertThat(choices.confidences()[i])
          .isCloseTo(softmax(LOGITS, choices.tokens()[i]), within(1e-6f));
    }
  }

  @Test
  void aCutThatLeavesOnlyTheMaskTakesTheBestToken() {
    GenerationSettings settings =
        GenerationSettings.builder(8, 8)
            .decoding(new Decoding.Dream(8, DreamAlgorithm.TOPK_MARGIN, 0))
            .topK(1)
            .build();

    assertThat(choose(settings, new Draws.Seeded(1), 1).tokens()).containsExactly(5);
  }

  @Test
  void recordedAndSeededDrawsShareAStep() {
    double[] uniforms = new double[COLUMNS];
    Arrays.fill(uniforms, 0.5);
    uniforms[1] = 1 - 1e-12;
    Draws recorded = new Draws.Recorded(uniforms, new double[0], 1, COLUMNS);
    GenerationSettings warm = settings(1, 0, false, false);
    TokenChooser.Request own = new TokenChooser.Request(warm, recorded, 0, new int[] {0});
    TokenChooser.Request seeded = request(warm, new Draws.Seeded(5), 3);
    int[] alone = choose(warm, new Draws.Seeded(5), 3).tokens();
    try (TokenChooser chooser = new TokenChooser(SHAPE);
        NDManager manager = TorchRuntime.newManager()) {
      int[] first = chooser.choose(rows(manager, 4), List.of(own, seeded)).tokens();
      int[] last = chooser.choose(rows(manager, 4), List.of(seeded, own)).tokens();

      assertThat(first).containsExactly(1, alone[0], alone[1], alone[2]);
      assertThat(last).containsExactly(alone[0], alone[1], alone[2], 1);
    }
  }

  @Test
  void chunksOfRowsChangeNothing() {
    List<TokenChooser.Request> requests =
        List.of(
            request(settings(0, 1.5, false, false), new Draws.Seeded(1), 3),
            request(settings(1, 0, true, false), new Draws.Seeded(2), 2),
            request(settings(0.5, 0.7, false, true), new Draws.Seeded(3), 4));
    // 9 rows and 7 unconditional ones.
    float[] logits = new float[16 * COLUMNS];
    java.util.Random random = new java.util.Random(2);
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    try (TokenChooser together = new TokenChooser(SHAPE);
        TokenChooser chunked = new TokenChooser(SHAPE, Device.cpu(), 5, 2);
        NDManager manager = TorchRuntime.newManager()) {
      var all = manager.create(logits, new Shape(16, COLUMNS));
      TokenChooser.Choices expected = together.choose(all, requests);
      TokenChooser.Choices got = chunked.choose(all, requests);

      assertThat(got.tokens()).containsExactly(expected.tokens());
      assertThat(got.confidences()).containsExactly(expected.confidences());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 96, 97, 1009, 1280})
  void greedyTakesTheLowestOfEqualsAndWarmInvertsTheDistributionFunction(int columns) {
    ModelConfig shape =
        SHAPE
            .changed()
            .embeddingSize(columns)
            .vocabularySize(columns)
            .tokens(columns - 1, 0, SpecialTokens.NONE)
            .build();
    Random random = new Random(columns);
    int rows = 40;
    float[] logits = new float[rows * columns];
    for (int i = 0; i < logits.length; i++) {
      // Few values, so that many are equal.
      logits[i] = random.nextInt(5) - (i % columns == columns - 1 ? -9 : 0);
    }
    Draws.Seeded draws = new Draws.Seeded(4);
    double temperature = 0.8;
    int[] greedy = new int[rows];
    int[] warm = new int[rows];
    for (int row = 0; row < rows; row++) {
      double[] sums = new double[columns];
      for (int c = 0; c < columns - 1; c++) {
        float logit = logits[row * columns + c];
        greedy[row] = logit > logits[row * columns + greedy[row]] ? c : greedy[row];
        sums[c] = (c == 0 ? 0 : sums[c - 1]) + Math.exp(logit / temperature);
      }
      double part = draws.token(0, row) * sums[columns - 2];
      while (sums[warm[row]] < part) {
        warm[row]++;
      }
    }
    try (TokenChooser chooser = new TokenChooser(shape, Device.cpu(), 16, 7);
        NDManager manager = TorchRuntime.newManager()) {
      NDArray z = manager.create(logits, new Shape(rows, columns));

      assertThat(
              chooser
                  .choose(z, List.of(request(settings(0, 0, false, false), draws, rows)))
                  .tokens())
          .containsExactly(greedy);
      assertThat(
              chooser
                  .choose(z, List.of(request(settings(0.8, 0, false, false), draws, rows)))
                  .tokens())
          .containsExactly(warm);
    }
  }

  @Test
  void streamsDependOnSeedForwardAndPositionOnly() {
    Draws.Seeded draws = new Draws.Seeded(9);

    assertThat(draws.token(3, 4)).isEqualTo(new Draws.Seeded(9).token(3, 4));
    assertThat(List.of(draws.token(4, 3), draws.token(3, 5), new Draws.Seeded(10).token(3, 4)))
        .doesNotContain(draws.token(3, 4))
        .doesNotHaveDuplicates();
    double mean =
        IntStream.range(0, 10_000).mapToDouble(p -> draws.remasking(0, p)).average().orElseThrow();
    assertThat(mean).isCloseTo(0.5, within(0.015));
  }

  private static TokenChooser.Choices choose(GenerationSettings settings, Draws draws, int rows) {
    try (TokenChooser chooser = new TokenChooser(SHAPE);
        NDManager manager = TorchRuntime.newManager()) {
      return chooser.choose(rows(manager, rows), List.of(request(settings, draws, rows)));
    }
  }

  private static NDArray rows(NDManager manager, int rows) {
    float[] logits = new float[rows * COLUMNS];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(LOGITS, 0, logits, row * COLUMNS, COLUMNS);
    }
    return manager.create(logits, new Shape(rows, COLUMNS));
  }

  private static TokenChooser.Request request(GenerationSettings settings, Draws draws, int rows) {
    return new TokenChooser.Request(settings, draws, 0, IntStream.range(0, rows).toArray());
  }

  private static GenerationSettings settings(
      double temperature, double cfg, boolean noEos, boolean lateEos) {
    return GenerationSettings.builder(8, 8)
        .temperature(temperature)
        .cfgScale(cfg)
        .logitsEosInf(noEos)
        .confidenceEosEotInf(lateEos)
        .build();
  }

  private static float softmax(float[] logits, int column) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    return (float) (Math.exp(logits[column]) / sum);
  }
}
