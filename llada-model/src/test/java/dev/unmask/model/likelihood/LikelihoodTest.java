package dev.unmask.model.likelihood;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.likelihood.LikelihoodRun.NoisyRow;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LikelihoodTest {

  private static final int MASK = 59;
  private static final ModelConfig SHAPE =
      ModelConfig.shape()
          .width(48)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(60)
          .embeddingSize(64)
          .contextLength(96)
          .tokens(MASK, 58, 57)
          .build();

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    RandomModel.write(folder, SHAPE, ElementType.F32, 2, 5);
    model = LoadedModel.load(folder, Precision.F32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void strataLieEvenlyAndRoundHalvesToEven() {
    assertThat(strata(3, 4, 10)).containsExactly(3, 6, 8, 10);
    assertThat(strata(9, 4, 10)).containsExactly(9, 2, 4, 6);
    assertThat(strata(5, 1, 10)).containsExactly(5);
    assertThat(strata(1, 8, 1)).containsOnly(1);
    // A batch larger than the answer: every number of masks, some twice.
    assertThat(strata(2, 6, 3)).containsExactly(2, 2, 3, 1, 1, 1);
  }

  @Test
  void everyRowOfABatchThatDividesTheAnswerMasksEveryNumberEquallyOften() {
    for (int row = 0; row < 4; row++) {
      Set<Integer> counts = new HashSet<>();
      for (int first = 1; first <= 12; first++) {
        counts.add(Strata.masked(first, row, 4, 12));
      }
      assertThat(counts).hasSize(12).allMatch(n -> n >= 1 && n <= 12);
    }
  }

  @Test
  void seededRowsFollowTheirStrataAndMaskEverySlotAlike() {
    int[] masked = new int[10];
    for (long seed = 0; seed < 500; seed++) {
      int[] counts = new int[4];
      for (int row = 0; row < 4; row++) {
        MaskDraws.MaskedRow drawn = new MaskDraws.Seeded(seed).row(row, 4, 10);
        counts[row] = drawn.slots().length;
        assertThat(drawn.weight()).isEqualTo(10.0 / counts[row]);
        assertThat(drawn.slots()).isSorted().doesNotHaveDuplicates();
        for (int slot : drawn.slots()) {
          masked[slot]++;
        }
      }
      assertThat(counts).isEqualTo(strata(counts[0], 4, 10));
    }
    // 2000 rows with a mean of 5.5 slots in 10: 1100 each, deviation about 22.
    assertThat(Arrays.stream(masked).min().orElseThrow()).isGreaterThan(1000);
    assertThat(Arrays.stream(masked).max().orElseThrow()).isLessThan(1200);
  }

  @Test
  void promptSlotsAreNeverMaskedAndNeverAsked() {
    int[] prompt = ids(7, 1);
    int[] answer = ids(12, 2);
    LikelihoodRun run = new LikelihoodRun(task(prompt, answer, settings(64, 16, 0)), SHAPE);
    for (NoisyRow row : run.rows(64)) {
      assertThat(Arrays.copyOf(row.sequence(), 7)).isEqualTo(prompt);
      for (int i = 0; i < row.asked().length; i++) {
        assertThat(row.asked()[i]).isBetween(7, 18);
        assertThat(row.sequence()[row.asked()[i]]).isEqualTo(MASK);
        assertThat(row.targets()[i]).isEqualTo(answer[row.asked()[i] - 7]);
      }
      long masks = Arrays.stream(row.sequence()).filter(id -> id == MASK).count();
      assertThat(masks).isEqualTo(row.asked().length);
    }
  }

  @Test
  void oneTokenIsExactWithOneSample() {
    int[] prompt = ids(9, 3);
    int[] row = Arrays.copyOf(prompt, 10);
    row[9] = MASK;
    double expected = logProbability(model, row, 9, 17);

    for (LikelihoodSettings settings : List.of(settings(1, 1, 0), settings(128, 16, 0))) {
      LikelihoodResult result = Likelihood.of(model, task(prompt, new int[] {17}, settings));
      assertThat(result.logLikelihood()).isCloseTo(expected, within(1e-5));
      assertThat(result.standardError()).isZero();
      assertThat(result.samples()).isEqualTo(1);
    }
  }

  @Test
  void tokensSharesAddUpAndTheSeedFixesEverything() {
    LikelihoodTask task = task(ids(5, 4), ids(20, 5), settings(32, 8, 0));
    LikelihoodResult result = Likelihood.of(model, task);

    assertThat(Arrays.stream(result.perToken()).sum())
        .isCloseTo(result.logLikelihood(), within(1e-9));
    assertThat(result.perToken()).hasSize(20);
    assertThat(Arrays.stream(result.perToken()).max().orElseThrow()).isNegative();
    LikelihoodResult again = Likelihood.of(model, task);
    assertThat(again.logLikelihood()).isEqualTo(result.logLikelihood());
    assertThat(again.standardError()).isEqualTo(result.standardError());
    assertThat(
            Likelihood.of(model, task(ids(5, 4), ids(20, 5), settings(32, 8, 0).withSeed(99)))
                .logLikelihood())
        .isNotEqualTo(result.logLikelihood());
  }

  @Test
  void whatSharesAPassDoesNotMatter() {
    List<LikelihoodTask> tasks =
        List.of(
            task(ids(5, 4), ids(20, 5), settings(32, 8, 0)),
            task(ids(30, 6), ids(3, 7), settings(8, 8, 1.5)),
            task(ids(0, 0), ids(90, 8), settings(4, 2, 0)),
            task(ids(11, 9), ids(1, 10), settings(16, 4, 0.5)));
    List<LikelihoodRun> runs = tasks.stream().map(t -> new LikelihoodRun(t, SHAPE)).toList();
    int passes = 0;
    try (LikelihoodPass pass = new LikelihoodPass(model, LikelihoodPass.Budget.USUAL)) {
      for (List<LikelihoodRun> left = runs; !left.isEmpty(); passes++) {
        assertThat(pass.step(left).packedTokens()).isLessThanOrEqualTo(2048);
        left = left.stream().filter(run -> !run.finished()).toList();
      }
    }
    assertThat(passes).isLessThan(4);
    for (int i = 0; i < tasks.size(); i++) {
      assertThat(runs.get(i).result().logLikelihood())
          .isCloseTo(Likelihood.of(model, tasks.get(i)).logLikelihood(), within(1e-4));
    }
  }

  @Test
  void aTightBudgetCostsPassesAndChangesNothing() {
    LikelihoodTask task = task(ids(5, 4), ids(20, 5), settings(16, 8, 1));
    LikelihoodRun run = new LikelihoodRun(task, SHAPE);
    try (LikelihoodPass pass = new LikelihoodPass(model, new LikelihoodPass.Budget(10, 10))) {
      for (int row = 1; row <= 16; row++) {
        assertThat(pass.step(List.of(run)).rows()).isEqualTo(1);
        assertThat(run.done()).isEqualTo(row);
      }
    }
    assertThat(run.finished()).isTrue();
    assertThat(run.result().logLikelihood())
        .isCloseTo(Likelihood.of(model, task).logLikelihood(), within(1e-4));
  }

  @Test
  void aPassThatHasToBeShortIsShortAndChangesNothing() {
    LikelihoodTask task = task(ids(5, 4), ids(20, 5), settings(16, 8, 0));
    LikelihoodRun run = new LikelihoodRun(task, SHAPE);
    try (LikelihoodPass pass = new LikelihoodPass(model, LikelihoodPass.Budget.USUAL)) {
      assertThat(pass.step(List.of(run), 60).packedTokens()).isBetween(1, 60);
      assertThat(run.finished()).isFalse();
      while (!run.finished()) {
        assertThat(pass.step(List.of(run), 1).rows()).as("never none").isEqualTo(1);
      }
    }
    assertThat(run.result().logLikelihood())
        .isCloseTo(Likelihood.of(model, task).logLikelihood(), within(1e-4));
  }

  @Test
  void guidanceWithoutAPromptChangesNothingAndWithOneItDoes() throws Exception {
    int[] answer = ids(8, 11);
    assertThat(score(model, new int[0], answer, 2))
        .isCloseTo(score(model, new int[0], answer, 0), within(1e-4));
    double guided = score(model, ids(6, 12), answer, 2);
    assertThat(guided).isNotCloseTo(score(model, ids(6, 12), answer, 0), within(0.1));
    try (OraclePredictor oracle = OraclePredictor.load(folder, SHAPE)) {
      assertThat(score(oracle, ids(6, 12), answer, 2)).isCloseTo(guided, within(1e-4));
    }
  }

  @Test
  void anAutoregressiveModelIsScoredExactlyTokenByToken(@TempDir Path causal) throws Exception {
    ModelConfig shape =
        ModelConfig.shape(Layout.AUTOREGRESSIVE)
            .width(32)
            .layers(2)
            .heads(2)
            .mlpWidth(48)
            .vocabularySize(60)
            .contextLength(32)
            .tokens(MASK, 58, 57)
            .build();
    RandomModel.write(causal, shape, ElementType.F32, 2, 5);
    int[] prompt = ids(3, 1);
    int[] answer = ids(6, 2);
    try (LoadedModel twin = LoadedModel.load(causal, Precision.F32)) {
      LikelihoodResult result = Likelihood.of(twin, task(prompt, answer, settings(32, 8, 0)));

      assertThat(result.samples()).isEqualTo(1);
      assertThat(result.standardError()).isZero();
      for (int i = 0; i < answer.length; i++) {
        // Only what stands before the token, so that nothing behind it can help.
        int[] before = Arrays.copyOf(prompt, 3 + i + 1);
        System.arraycopy(answer, 0, before, 3, i);
        before[3 + i] = MASK;
        assertThat(result.perToken()[i])
            .isCloseTo(logProbability(twin, before, 3 + i, answer[i]), within(1e-4));
      }
      refused(
          () -> Likelihood.of(twin, task(new int[0], answer, settings(1, 1, 0))),
          "the prompt is empty; this model is autoregressive and needs a token before the answer");
      refused(
          () -> Likelihood.of(twin, task(prompt, answer, settings(1, 1, 2))),
          "the guidance scale is 2.0; guidance masks the prompt");
    }
  }

  private static double logProbability(MaskPredictor predictor, int[] row, int slot, int token) {
    PackedBatch batch = new PackedBatch();
    batch.add(row, new int[] {slot});
    try (NDManager manager = TorchRuntime.newManager()) {
      double[] z = predictor.logits(manager, batch).toType(DataType.FLOAT64, false).toDoubleArray();
      return z[token] - Math.log(Arrays.stream(z).map(Math::exp).sum());
    }
  }

  @Test
  void aSingleBatchReportsItsRowsSpreadAndASingleRowNothing() {
    assertThat(error(settings(8, 8, 0))).isPositive();
    assertThat(error(settings(1, 1, 0))).isNaN();
  }

  @Test
  void numbersThatAreNotFiniteAreRefused() {
    MaskPredictor broken =
        new MaskPredictor() {
          @Override
          public ModelConfig config() {
            return SHAPE;
          }

          @Override
          public NDArray states(NDManager owner, PackedBatch batch) {
            return model.states(owner, batch);
          }

          @Override
          public NDArray head(NDManager owner, NDArray states) {
            return owner.full(
                new Shape(states.size(0), SHAPE.embeddingSize()), Float.NaN, DataType.FLOAT32);
          }

          @Override
          public KeyValueCache newCache(int length) {
            return model.newCache(length);
          }
        };
    assertThatThrownBy(() -> Likelihood.of(broken, task(ids(2, 1), ids(2, 2), settings(4, 4, 0))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the network's logits are not finite numbers");
  }

  @Test
  void whatCannotBeScoredIsRefusedInASentence() {
    refused(() -> task(ids(3, 1), new int[0], settings(1, 1, 0)), "the answer is empty");
    refused(
        () -> Likelihood.of(model, task(ids(90, 1), ids(7, 2), settings(1, 1, 0))),
        "the prompt has 90 tokens and the answer 7, together more than this model's 96");
    refused(
        () -> Likelihood.of(model, task(new int[] {60}, ids(7, 2), settings(1, 1, 0))),
        "token 0 of the prompt is 60; this model's ids go from 0 to 59");
    refused(
        () -> Likelihood.of(model, task(ids(1, 1), new int[] {1, MASK}, settings(1, 1, 0))),
        "token 1 of the answer is the mask; neither prompt nor answer may hold it");
    refused(() -> settings(0, 1, 0), "the number of samples is 0; it must be at least 1");
    refused(
        () -> settings(10, 4, 0), "the batch is 4; it must divide the number of samples 10 evenly");
    refused(() -> settings(4, 4, -1), "the guidance scale is -1.0; it must be 0 or more");
    refused(() -> settings(4, 4, Double.NaN), "the guidance scale is NaN; it must be 0 or more");
  }

  @Test
  void aDocumentThatFitsIsOneAnswerAndALongOneIsTheSumOfItsWindows() {
    LikelihoodSettings settings = settings(4, 4, 0);
    int[] fits = ids(96, 1);
    assertThat(DocumentLikelihood.tasks(fits, new DocumentLikelihood.Cut(10, 5), settings, SHAPE))
        .singleElement()
        .satisfies(task -> {
          assertThat(task.promptIds()).isEmpty();
          assertThat(task.answerIds()).isEqualTo(fits);
        });

    int[] document = ids(230, 2);
    List<LikelihoodTask> tasks =
        DocumentLikelihood.tasks(document, DocumentLikelihood.Cut.half(SHAPE), settings, SHAPE);
    assertThat(tasks).hasSize(5);
    int at = 0;
    for (LikelihoodTask task : tasks) {
      assertThat(task.promptIds())
          .isEqualTo(Arrays.copyOfRange(document, Math.max(0, at - 48), at));
      assertThat(task.answerIds())
          .isEqualTo(Arrays.copyOfRange(document, at, Math.min(230, at + 48)));
      at += 48;
    }
    List<LikelihoodResult> results =
        tasks.stream().map(task -> Likelihood.of(model, task)).toList();
    DocumentLikelihood whole = DocumentLikelihood.sum(results);
    assertThat(whole.tokens()).isEqualTo(230);
    assertThat(whole.windows()).isEqualTo(5);
    assertThat(whole.logLikelihood())
        .isCloseTo(
            results.stream().mapToDouble(LikelihoodResult::logLikelihood).sum(), within(1e-9));
    assertThat(whole.bitsPerToken() * Math.log(2)).isCloseTo(whole.natsPerToken(), within(1e-12));
    assertThat(Math.log(whole.perplexity())).isCloseTo(whole.natsPerToken(), within(1e-12));
    assertThat(whole.bitsPerByte(460)).isCloseTo(whole.bitsPerToken() / 2, within(1e-12));
    refused(
        () ->
            DocumentLikelihood.tasks(document, new DocumentLikelihood.Cut(90, 10), settings, SHAPE),
        "a window of 90 tokens and 10 before it are more than this model's 96");
    refused(
        () ->
            DocumentLikelihood.tasks(
                new int[0], DocumentLikelihood.Cut.half(SHAPE), settings, SHAPE),
        "the document is empty; its likelihood needs at least one token");
  }

  private static double score(MaskPredictor predictor, int[] prompt, int[] answer, double cfg) {
    return Likelihood.of(predictor, task(prompt, answer, settings(16, 8, cfg))).logLikelihood();
  }

  private static double error(LikelihoodSettings settings) {
    return Likelihood.of(model, task(ids(4, 1), ids(9, 2), settings)).standardError();
  }

  private static void refused(Runnable what, String sentence) {
    assertThatThrownBy(what::run)
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageStartingWith(sentence);
  }

  private static int[] strata(int first, int batch, int length) {
    int[] counts = new int[batch];
    Arrays.setAll(counts, row -> Strata.masked(first, row, batch, length));
    return counts;
  }

  private static LikelihoodTask task(int[] prompt, int[] answer, LikelihoodSettings settings) {
    return new LikelihoodTask(prompt, answer, settings);
  }

  private static LikelihoodSettings settings(int samples, int batch, double cfg) {
    return new LikelihoodSettings(samples, batch, cfg, 3);
  }

  private static int[] ids(int length, int seed) {
    return new Random(seed).ints(length, 0, 50).toArray();
  }
}
