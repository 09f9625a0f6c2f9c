package dev.unmask.sft.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Order and noise: every row once, exact from any position, and distributed as LLaDA says. */
class RecipeTest {

  private static final int MASK = 99;
  private static final int EOS = 98;

  @Test
  void aPassUsesEverySampleOnceAndKeepsBatchesInBounds() {
    List<TrainingSample> samples = samples(500);
    BatchPlan.Shape shape = new BatchPlan.Shape(256, 16, 40, 0.3);

    List<BatchPlan.Batch> plan = BatchPlan.of(TokenisedRows.of(samples), shape, 5, 3);

    assertThat(plan.stream().flatMapToInt(b -> Arrays.stream(b.rows())).sorted().toArray())
        .isEqualTo(java.util.stream.IntStream.range(0, 500).toArray());
    for (BatchPlan.Batch batch : plan) {
      assertThat(batch.rows()).hasSizeLessThanOrEqualTo(16);
      int length = batch.lengths()[0];
      assertThat(batch.lengths()).containsOnly(length).hasSameSizeAs(batch.rows());
      assertThat(batch.rows().length * length).isLessThanOrEqualTo(256);
      assertThat(length).isLessThanOrEqualTo(40);
      assertThat(Arrays.stream(batch.rows()).mapToObj(i -> samples.get(i).ends()).distinct())
          .hasSize(1);
      for (int row : batch.rows()) {
        assertThat(samples.get(row).length()).isLessThanOrEqualTo(length);
        assertThat(samples.get(row).ends() || samples.get(row).length() == length).isTrue();
      }
    }
  }

  @Test
  void theShareOfEosIsAboutWhatWasAsked() {
    List<TrainingSample> samples = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      samples.add(new TrainingSample(new int[20], 8, true));
    }
    List<BatchPlan.Batch> plan =
        BatchPlan.of(TokenisedRows.of(samples), new BatchPlan.Shape(400, 64, 400, 0.4), 1, 0);

    double eos = plan.stream().mapToDouble(b -> b.rows().length * (b.lengths()[0] - 20.0)).sum();
    // Long tails leave room for fewer rows of the same batch, so the share is a little lower.
    assertThat(eos / (eos + 4000 * 12.0)).isBetween(0.25, 0.45);
  }

  @Test
  void aPackHoldsRowsOfManyLengthsEachWithATailOfItsOwn() {
    List<TrainingSample> samples = samples(2000);
    BatchPlan.Shape shape = new BatchPlan.Shape(256, 16, 90, 0.4, Packing.PACKED);

    List<BatchPlan.Batch> plan = BatchPlan.of(TokenisedRows.of(samples), shape, 5, 3);

    assertThat(plan.stream().flatMapToInt(b -> Arrays.stream(b.rows())).sorted().toArray())
        .isEqualTo(java.util.stream.IntStream.range(0, 2000).toArray());
    double eos = 0;
    double answers = 0;
    long tokens = 0;
    for (BatchPlan.Batch batch : plan) {
      assertThat(batch.rows()).hasSizeLessThanOrEqualTo(16);
      assertThat(Arrays.stream(batch.lengths()).sum()).isLessThanOrEqualTo(256);
      assertThat(batch.lengths()).isSorted();
      for (int i = 0; i < batch.rows().length; i++) {
        TrainingSample sample = samples.get(batch.rows()[i]);
        int padding = batch.lengths()[i] - sample.length();
        assertThat(padding).isBetween(0, sample.ends() ? 90 - sample.length() : 0);
        if (sample.ends()) {
          eos += padding;
          answers += sample.answerLength();
        }
        tokens += batch.lengths()[i];
      }
    }
    assertThat(eos / (eos + answers)).isBetween(0.37, 0.43);
    // Nothing but tails is between the samples, and a pack ends where the next row has no room.
    assertThat(tokens / (256.0 * plan.size())).isGreaterThan(0.85);
    assertThat(plan).anyMatch(b -> Arrays.stream(b.lengths()).distinct().count() > 3);
  }

  @Test
  void inAPackEachRowIsMaskedAndPaddedAsIfAlone() {
    List<TrainingSample> samples =
        List.of(
            new TrainingSample(new int[] {1, 2, 3}, 1, true),
            new TrainingSample(new int[] {4, 5, 6, 7, 8}, 2, true));
    BatchStream.Rows pack = new BatchStream.Rows(samples, List.of(5, 6), 0, 0, 1, List.of(0, 1));
    for (LossWeight weight : LossWeight.values()) {
      for (int position = 0; position < 100; position++) {
        MaskedBatch batch =
            new Noise(3, NoiseDraws.STRATIFIED, weight)
                .mask(List.of(pack), MASK, EOS, position)
                .getFirst();
        assertThat(batch.lengths()).containsExactly(5, 6);
        long[] truth = batch.ids().clone();
        for (int i = 0; i < batch.slots().length; i++) {
          int slot = (int) batch.slots()[i];
          assertThat((slot >= 1 && slot < 5) || slot >= 7).isTrue();
          assertThat(truth[slot]).isEqualTo(MASK);
          truth[slot] = batch.targets()[i];
        }
        assertThat(truth).containsExactly(1, 2, 3, EOS, EOS, 4, 5, 6, 7, 8, EOS);
      }
    }
  }

  @Test
  void aStreamThatBeginsInTheMiddleGoesOnAsTheWholeOne() {
    List<TrainingSample> samples = samples(60);
    BatchPlan.Shape shape = new BatchPlan.Shape(128, 16, 64, 0.2);
    BatchStream whole = new BatchStream(epoch -> TokenisedRows.of(samples), shape, 9, 0, 0);
    List<BatchStream.Rows> rows = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      rows.add(whole.next());
    }
    assertThat(rows.get(49).epoch()).isGreaterThan(1);

    for (int from : new int[] {0, 7, 23}) {
      BatchStream.Rows at = rows.get(from);
      BatchStream later =
          new BatchStream(epoch -> TokenisedRows.of(samples), shape, 9, at.epoch(), at.index());
      for (int i = from; i < 50; i++) {
        assertThat(later.next()).isEqualTo(rows.get(i));
      }
    }
  }

  @Test
  void noiseHidesOnlyAnswersAndPadsWithEos() {
    List<TrainingSample> rows =
        List.of(
            new TrainingSample(new int[] {1, 2, 3, 4}, 2, true),
            new TrainingSample(new int[] {5, 6, MASK, 8, 9, 10}, 3, true));
    for (int position = 0; position < 200; position++) {
      MaskedBatch batch =
          new Noise(3, NoiseDraws.STRATIFIED, LossWeight.INVERSE_T)
              .mask(rows, 8, MASK, EOS, position);

      assertThat(batch.ids()).hasSize(16);
      for (int i = 0; i < batch.slots().length; i++) {
        int slot = (int) batch.slots()[i];
        assertThat(slot % 8).isGreaterThanOrEqualTo(slot < 8 ? 2 : 3);
        assertThat(batch.ids()[slot]).isEqualTo(MASK);
        long truth =
            slot % 8 < rows.get(slot / 8).length() ? rows.get(slot / 8).ids()[slot % 8] : EOS;
        assertThat(batch.targets()[i]).isEqualTo(truth);
      }
      // A mask id in the data itself is not taken for noise.
      assertThat(Arrays.stream(batch.slots())).doesNotContain(10L);
      assertThat(batch.ids()[10]).isEqualTo(MASK);
    }
  }

  @Test
  void aModelThatKnowsNothingHasTheLossOfTheVocabularyOnAverage() {
    // With equal logits every slot costs ln V, so the weights alone decide the expected loss.
    List<TrainingSample> rows = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      rows.add(new TrainingSample(new int[10 + i % 3], 4, true));
    }
    for (NoiseDraws draws : NoiseDraws.values()) {
      double sum = 0;
      int times = 4000;
      for (int position = 0; position < times; position++) {
        MaskedBatch batch =
            new Noise(1, draws, LossWeight.INVERSE_T).mask(rows, 12, MASK, EOS, position);
        for (float weight : batch.weights()) {
          sum += weight;
        }
      }
      assertThat(sum / times).isCloseTo(1, within(0.02));
    }
    MaskedBatch uniform =
        new Noise(1, NoiseDraws.STRATIFIED, LossWeight.UNIFORM).mask(rows, 12, MASK, EOS, 0);
    double total = 0;
    for (float weight : uniform.weights()) {
      total += weight;
    }
    assertThat(total).isCloseTo(1, within(1e-5));
  }

  @Test
  void noiseDependsOnSeedAndPositionOnly() {
    List<TrainingSample> rows = samples(8);
    Noise noise = new Noise(4, NoiseDraws.STRATIFIED, LossWeight.UNIFORM);
    MaskedBatch first = noise.mask(rows, 30, MASK, EOS, 17);
    assertThat(noise.mask(rows, 30, MASK, EOS, 17).ids()).isEqualTo(first.ids());
    assertThat(noise.mask(rows, 30, MASK, EOS, 18).ids()).isNotEqualTo(first.ids());
    assertThat(
            new Noise(5, NoiseDraws.STRATIFIED, LossWeight.UNIFORM)
                .mask(rows, 30, MASK, EOS, 17)
                .ids())
        .isNotEqualTo(first.ids());
  }

  @Test
  void theLearningRateRisesThenFalls() {
    LearningRate cosine = new LearningRate(1e-3, 10, LearningRate.Curve.COSINE, 0.1, 0.2);
    assertThat(cosine.at(0, 0)).isCloseTo(1e-4, within(1e-9));
    assertThat(cosine.at(9, 0.0)).isCloseTo(1e-3, within(1e-9));
    assertThat(cosine.at(500, 0.5)).isCloseTo(5.5e-4, within(1e-9));
    assertThat(cosine.at(1000, 1)).isCloseTo(1e-4, within(1e-9));
    LearningRate stable = new LearningRate(1e-3, 0, LearningRate.Curve.STABLE, 0, 0.2);
    assertThat(stable.at(5, 0.79)).isCloseTo(1e-3, within(1e-9));
    assertThat(stable.at(5, 0.9)).isCloseTo(5e-4, within(1e-9));
    LearningRate linear = new LearningRate(1, 0, LearningRate.Curve.LINEAR, 0, 0.2);
    assertThat(linear.at(5, 0.25)).isCloseTo(0.75, within(1e-9));
    assertThat(new LearningRate(1, 0, LearningRate.Curve.CONSTANT, 0, 0.2).at(5, 0.9)).isEqualTo(1);
  }

  @Test
  void everyDrawIsUniformAndPairsOrStrataLowerTheVarianceOfTheirMean() {
    java.util.SplittableRandom random = new java.util.SplittableRandom(5);
    for (NoiseDraws draws : NoiseDraws.values()) {
      int[] histogram = new int[10];
      double squares = 0;
      int steps = 4000;
      for (int i = 0; i < steps; i++) {
        double[] times = draws.times(8, random);
        double mean = Arrays.stream(times).average().orElseThrow();
        squares += (mean - 0.5) * (mean - 0.5) / steps;
        // The third row alone: its time must be uniform whatever the others are.
        histogram[(int) (times[2] * 10)]++;
      }
      assertThat(Arrays.stream(histogram).min().orElseThrow()).isGreaterThan(320);
      assertThat(Arrays.stream(histogram).max().orElseThrow()).isLessThan(480);
      double independent = 1 / 12.0 / 8;
      switch (draws) {
        case INDEPENDENT -> assertThat(squares).isBetween(0.9 * independent, 1.1 * independent);
        case STRATIFIED -> assertThat(squares).isLessThan(independent / 6);
        case ANTITHETIC -> assertThat(squares).isLessThan(1e-30);
      }
    }
  }

  @Test
  void theBatchesOfAStepWeighAsOneLargeBatch() {
    List<TrainingSample> rows = samples(12).stream().filter(TrainingSample::ends).toList();
    BatchStream.Rows first = new BatchStream.Rows(rows.subList(0, 3), 30, 0, 0, 2);
    BatchStream.Rows second = new BatchStream.Rows(rows.subList(3, 9), 30, 0, 1, 2);
    for (LossWeight weight : LossWeight.values()) {
      Noise noise = new Noise(6, NoiseDraws.STRATIFIED, weight);
      MaskedBatch whole = noise.mask(rows.subList(0, 9), 30, MASK, EOS, 4);
      List<MaskedBatch> parts = noise.mask(List.of(first, second), MASK, EOS, 4);
      float[] joined = new float[whole.weights().length];
      int n = 0;
      for (MaskedBatch part : parts) {
        System.arraycopy(part.weights(), 0, joined, n, part.weights().length);
        n += part.weights().length;
      }
      assertThat(n).isEqualTo(joined.length);
      for (int i = 0; i < n; i++) {
        assertThat(joined[i]).isCloseTo(whole.weights()[i], within(1e-6f));
      }
    }
  }

  @Test
  void aShareOfTextBatchesIsCutWholeAndDialoguesNever() {
    List<TrainingSample> windows = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      windows.add(new TrainingSample(new int[50], 0, false));
    }
    RandomLengths lengths = new RandomLengths(0.1, 3);
    int cut = 0;
    for (int i = 0; i < 2000; i++) {
      BatchStream.Rows rows = new BatchStream.Rows(windows, 50, i / 100, i % 100, 100);
      BatchStream.Rows after = lengths.apply(rows);
      assertThat(lengths.apply(rows).length()).isEqualTo(after.length());
      assertThat(after.samples()).hasSize(4).allMatch(s -> s.length() == after.length());
      cut += after.length() < 50 ? 1 : 0;
    }
    assertThat(cut).isBetween(150, 250);
    BatchStream.Rows dialogue =
        new BatchStream.Rows(List.of(new TrainingSample(new int[9], 3, true)), 9, 0, 0, 1);
    assertThat(new RandomLengths(1, 3).apply(dialogue)).isSameAs(dialogue);
  }

  @Test
  void defaultsAreFilledInFromTheDataAndTheModel() {
    ModelConfig small = config(64);
    Hyperparameters few = new AskedHyperparameters().resolve(92, small, 0, Compute.FLOAT32);
    assertThat(few.epochs()).isEqualTo(45);
    assertThat(few.batchRows()).isEqualTo(16);
    assertThat(few.learningRate()).isEqualTo(2e-3);
    assertThat(few.lossWeight()).isEqualTo(LossWeight.UNIFORM);
    assertThat(few.maxLength()).isEqualTo(64);
    assertThat(few.evalSteps()).isEqualTo(54);
    Hyperparameters many =
        new AskedHyperparameters()
            .maxLength(4096)
            .maxSteps(100)
            .resolve(50_000, small, 0.02, Compute.BFLOAT16);
    assertThat(many.epochs()).isEqualTo(3);
    assertThat(many.maxLength()).isEqualTo(64);
    assertThat(many.evalSteps()).isEqualTo(20);
    assertThat(many.compute()).isEqualTo(Compute.BFLOAT16);
    assertThat(new AskedHyperparameters().validationShare(3000, false)).isEqualTo(0.02);
    AskedHyperparameters prompt = new AskedHyperparameters().method(new Method.PromptTuning(16));
    assertThat(prompt.maxLength(small)).isEqualTo(48);
    assertThat(prompt.resolve(92, small, 0, Compute.FLOAT32).learningRate())
        .isCloseTo(0.03, within(1e-9));
    Method lora = new Method.Lora(8, 16, 0, List.of("all"));
    assertThat(
            new AskedHyperparameters()
                .method(lora)
                .resolve(92, small, 0, Compute.FLOAT32)
                .learningRate())
        .isCloseTo(1e-2, within(1e-9));
    assertThat(new AskedHyperparameters().validationShare(3000, true)).isEqualTo(0);
    assertThat(new AskedHyperparameters().validationShare(300, false)).isEqualTo(0);
  }

  @Test
  void aValueOutOfItsRangeIsRefusedWithTheRange() {
    Map<String, AskedHyperparameters> bad =
        Map.ofEntries(
            Map.entry(
                "max_length is 7; it must be 8 to the 64 tokens that the model's context has for a row.",
                new AskedHyperparameters().maxLength(7)),
            Map.entry("n_epochs is 0; it must be 1 to 1000.", new AskedHyperparameters().epochs(0)),
            Map.entry(
                "batch_size is 0; it must be 1 to 4096.", new AskedHyperparameters().batchRows(0)),
            Map.entry(
                "learning_rate is NaN; it must be above 0, usually 1e-6 to 1e-2.",
                new AskedHyperparameters().learningRate(Double.NaN)),
            Map.entry(
                "gradient_accumulation is 8, but a step has only batch_size = 4 rows to divide; it"
                    + " must be 1 to 4.",
                new AskedHyperparameters().batchRows(4).gradientAccumulation(8)),
            Map.entry(
                "ema_decay is 1.0; it must be at least 0 (none) and below 1, such as 0.999.",
                new AskedHyperparameters().emaDecay(1.0)),
            Map.entry(
                "clip_norm is -1.0; it must be above 0 and at most 1000000.0.",
                new AskedHyperparameters().clipNorm(-1.0)));
    bad.forEach((sentence, asked) ->
        assertThatThrownBy(() -> asked.resolve(10, config(64), 0, Compute.FLOAT32))
            .isInstanceOf(InvalidHyperparameterException.class)
            .hasMessage(sentence));
    assertThatThrownBy(
            () -> new AskedHyperparameters().resolve(10, config(64), 0.9, Compute.FLOAT32))
        .hasMessage("validation_share is 0.9; it must be 0.0 to 0.5.");
  }

  private static ModelConfig config(int context) {
    return ModelConfig.shape()
        .width(32)
        .layers(2)
        .heads(2)
        .mlpWidth(48)
        .vocabularySize(40)
        .contextLength(context)
        .tokens(39, 38, 37)
        .build();
  }

  private static List<TrainingSample> samples(int count) {
    List<TrainingSample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean ends = i % 5 != 0;
      int length = ends ? 5 + i * 7 % 25 : 20;
      int[] ids = new int[length];
      Arrays.fill(ids, i % 90);
      samples.add(new TrainingSample(ids, ends ? 3 : 0, ends));
    }
    return samples;
  }
}
