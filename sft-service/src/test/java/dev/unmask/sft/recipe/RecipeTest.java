package dev.unmask.sft.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Order and noise: every row once, exact from any position, and distributed as LLaDA says. */
class RecipeTest {

  private static final int MASK = 99;
  private static final int EOS = 98;

  @Test
  void aPassUsesEverySampleOnceAndKeepsBatchesInBounds() {
    List<TrainingSample> samples = samples(500);
    BatchPlan.Shape shape = new BatchPlan.Shape(256, 16, 40, 0.3);

    List<BatchPlan.Batch> plan = BatchPlan.of(samples, shape, 5, 3);

    assertThat(plan.stream().flatMapToInt(b -> Arrays.stream(b.rows())).sorted().toArray())
        .isEqualTo(java.util.stream.IntStream.range(0, 500).toArray());
    for (BatchPlan.Batch batch : plan) {
      assertThat(batch.rows()).hasSizeLessThanOrEqualTo(16);
      assertThat(batch.rows().length * batch.length()).isLessThanOrEqualTo(256);
      assertThat(batch.length()).isLessThanOrEqualTo(40);
      assertThat(Arrays.stream(batch.rows()).mapToObj(i -> samples.get(i).ends()).distinct())
          .hasSize(1);
      for (int row : batch.rows()) {
        assertThat(samples.get(row).length()).isLessThanOrEqualTo(batch.length());
        assertThat(samples.get(row).ends() || samples.get(row).length() == batch.length()).isTrue();
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
        BatchPlan.of(samples, new BatchPlan.Shape(400, 64, 400, 0.4), 1, 0);

    double eos = plan.stream().mapToDouble(b -> b.rows().length * (b.length() - 20.0)).sum();
    // Long tails leave room for fewer rows of the same batch, so the share is a little lower.
    assertThat(eos / (eos + 4000 * 12.0)).isBetween(0.25, 0.45);
  }

  @Test
  void aStreamThatBeginsInTheMiddleGoesOnAsTheWholeOne() {
    List<TrainingSample> samples = samples(60);
    BatchPlan.Shape shape = new BatchPlan.Shape(128, 16, 64, 0.2);
    BatchStream whole = new BatchStream(epoch -> samples, shape, 9, 0, 0);
    List<BatchStream.Rows> rows = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      rows.add(whole.next());
    }
    assertThat(rows.get(49).epoch()).isGreaterThan(1);

    for (int from : new int[] {0, 7, 23}) {
      BatchStream.Rows at = rows.get(from);
      BatchStream later = new BatchStream(epoch -> samples, shape, 9, at.epoch(), at.index());
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
          new Noise(3, true, LossWeight.INVERSE_T).mask(rows, 8, MASK, EOS, position);

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
    for (boolean stratified : new boolean[] {true, false}) {
      double sum = 0;
      int draws = 4000;
      for (int position = 0; position < draws; position++) {
        MaskedBatch batch =
            new Noise(1, stratified, LossWeight.INVERSE_T).mask(rows, 12, MASK, EOS, position);
        for (float weight : batch.weights()) {
          sum += weight;
        }
      }
      assertThat(sum / draws).isCloseTo(1, within(0.02));
    }
    MaskedBatch uniform = new Noise(1, true, LossWeight.UNIFORM).mask(rows, 12, MASK, EOS, 0);
    double total = 0;
    for (float weight : uniform.weights()) {
      total += weight;
    }
    assertThat(total).isCloseTo(1, within(1e-5));
  }

  @Test
  void noiseDependsOnSeedAndPositionOnly() {
    List<TrainingSample> rows = samples(8);
    Noise noise = new Noise(4, true, LossWeight.UNIFORM);
    MaskedBatch first = noise.mask(rows, 30, MASK, EOS, 17);
    assertThat(noise.mask(rows, 30, MASK, EOS, 17).ids()).isEqualTo(first.ids());
    assertThat(noise.mask(rows, 30, MASK, EOS, 18).ids()).isNotEqualTo(first.ids());
    assertThat(new Noise(5, true, LossWeight.UNIFORM).mask(rows, 30, MASK, EOS, 17).ids())
        .isNotEqualTo(first.ids());
  }

  @Test
  void theLearningRateRisesThenFalls() {
    LearningRate cosine = new LearningRate(1e-3, 10, LearningRate.Curve.COSINE, 0.1);
    assertThat(cosine.at(0, 0)).isCloseTo(1e-4, within(1e-9));
    assertThat(cosine.at(9, 0.0)).isCloseTo(1e-3, within(1e-9));
    assertThat(cosine.at(500, 0.5)).isCloseTo(5.5e-4, within(1e-9));
    assertThat(cosine.at(1000, 1)).isCloseTo(1e-4, within(1e-9));
    LearningRate stable = new LearningRate(1e-3, 0, LearningRate.Curve.STABLE, 0);
    assertThat(stable.at(5, 0.79)).isCloseTo(1e-3, within(1e-9));
    assertThat(stable.at(5, 0.9)).isCloseTo(5e-4, within(1e-9));
    LearningRate linear = new LearningRate(1, 0, LearningRate.Curve.LINEAR, 0);
    assertThat(linear.at(5, 0.25)).isCloseTo(0.75, within(1e-9));
    assertThat(new LearningRate(1, 0, LearningRate.Curve.CONSTANT, 0).at(5, 0.9)).isEqualTo(1);
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
