package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What LLaDA's objective must satisfy for any weights (docs/properties.md, training). */
class LossPropertiesTest {

  private static final int VOCABULARY = 30;
  private static final int MASK = 29;
  private static final int EOS = 28;
  private static final double LN_V = Math.log(VOCABULARY);
  private static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(24)
          .layers(2)
          .heads(2)
          .kvHeads(1)
          .mlpWidth(40)
          .vocabularySize(VOCABULARY)
          .contextLength(32)
          .tokens(MASK, EOS, 27)
          .build();

  @TempDir Path folder;

  @Test
  void atTimeOneTheLossIsThePlainMeanOverTheAnswer() throws Exception {
    long[] clean = clean(2, 8);
    int[] prompts = {3, 3};
    BitSet answers = new BitSet();
    answers.set(3, 8);
    answers.set(11, 16);
    try (TrainableModel model = random()) {
      LossValue value =
          model.loss(
              MaskedBatch.of(
                  clean, answers, new double[] {1, 1}, prompts, MASK, LossWeight.INVERSE_T));

      assertThat(value.maskedSlots()).isEqualTo(10);
      assertThat(value.loss()).isCloseTo(value.crossEntropy(), within(1e-5));
    }
  }

  @Test
  void aModelThatKnowsNothingExpectsTheLogOfTheVocabularyWhateverIsPromptAndWhateverTheTimes()
      throws Exception {
    int length = 5;
    long[] clean = clean(2, length);
    try (TrainableModel model = knowingNothing()) {
      for (int[] prompts : new int[][] {{0, 0}, {2, 1}, {4, 0}}) {
        for (double[] p : new double[][] {{0.001, 0.9}, {0.5, 0.5}, {1, 0.25}}) {
          double expected = 0;
          for (int code = 0; code < 1 << (2 * length); code++) {
            double chance = chance(code, length, prompts, p);
            if (chance > 0) {
              BitSet masked = BitSet.valueOf(new long[] {code});
              MaskedBatch batch =
                  MaskedBatch.of(clean, masked, p, prompts, MASK, LossWeight.INVERSE_T);
              // Equal logits cost ln V in every slot: the network is needed once, the sum is left.
              double weights = 0;
              for (float weight : batch.weights()) {
                weights += weight;
              }
              expected += chance * weights * LN_V;
            }
          }
          assertThat(expected).isCloseTo(LN_V, within(1e-6));
        }
      }
      BitSet some = BitSet.valueOf(new long[] {0b1011001101});
      MaskedBatch batch =
          MaskedBatch.of(
              clean, some, new double[] {0.3, 0.6}, new int[2], MASK, LossWeight.INVERSE_T);
      double weights = 0;
      for (float weight : batch.weights()) {
        weights += weight;
      }
      assertThat(model.loss(batch).loss()).isCloseTo(weights * LN_V, within(1e-5));
    }
  }

  @Test
  void paddingThatCostsNothingHalvesTheLossWhenItDoublesTheAnswer() throws Exception {
    long[] row = clean(1, 8);
    long[] padded = new long[14];
    java.util.Arrays.fill(padded, EOS);
    System.arraycopy(row, 0, padded, 0, 8);
    // A prompt of 2 and an answer of 6 with three masks, then 6 times EOS that is not masked.
    BitSet masked = BitSet.valueOf(new long[] {0b10101000});
    double[] p = {0.4};
    int[] prompt = {2};
    try (TrainableModel model = knowingNothing()) {
      double alone =
          model.loss(MaskedBatch.of(row, masked, p, prompt, MASK, LossWeight.INVERSE_T)).loss();
      double withEos =
          model.loss(MaskedBatch.of(padded, masked, p, prompt, MASK, LossWeight.INVERSE_T)).loss();

      assertThat(alone).isCloseTo(3 * LN_V / (0.4 * 6), within(1e-5));
      assertThat(withEos).isCloseTo(alone / 2, within(1e-5));
    }
  }

  @Test
  void aMaskedPromptIsRefused() {
    BitSet masked = new BitSet();
    masked.set(1);
    assertThatThrownBy(() ->
            MaskedBatch.of(
                clean(1, 4), masked, new double[] {0.5}, new int[] {2}, MASK, LossWeight.INVERSE_T))
        .hasMessage("slot 1 is masked but belongs to a prompt");
  }

  @Test
  void gradientsAreTheSlopesOfTheLossWithItsWeights() throws Exception {
    BitSet masked = BitSet.valueOf(new long[] {0b1011_0100_1101_0010L});
    MaskedBatch batch =
        MaskedBatch.of(
            clean(2, 8),
            masked,
            new double[] {0.2, 0.7},
            new int[] {1, 2},
            MASK,
            LossWeight.INVERSE_T);
    Map<String, float[]> values = new HashMap<>();
    Map<String, float[]> gradients = new HashMap<>();
    try (TrainableModel model = random()) {
      double ignored = model.lossAndGradients(batch).loss();
      for (Weight weight : WeightTable.of(CONFIG)) {
        values.put(weight.name(), model.values(weight.name()));
        gradients.put(weight.name(), model.gradient(weight.name()));
      }
    }
    for (Weight weight : WeightTable.of(CONFIG)) {
      // Along its own gradient the slope is the gradient's length.
      float[] gradient = of(gradients, weight.name());
      double length = length(gradient);
      assertThat(length).as(weight.name()).isGreaterThan(1e-3);
      double step = 0.02 / Math.max(1, length);
      double up = lossWith(values, weight.name(), step / length, gradient, batch);
      double down = lossWith(values, weight.name(), -step / length, gradient, batch);
      assertThat((up - down) / (2 * step))
          .as(weight.name())
          .isCloseTo(length, within(0.01 * length + 1e-3));
    }
  }

  @Test
  void halfTheProbabilityOfMaskingDoublesLossAndGradients() throws Exception {
    long[] clean = clean(1, 8);
    BitSet masked = BitSet.valueOf(new long[] {0b1101});
    try (TrainableModel model = random();
        TrainableModel other = random()) {
      double loss = model.lossAndGradients(weighted(clean, masked, 0.6)).loss();
      double twice = other.lossAndGradients(weighted(clean, masked, 0.3)).loss();

      assertThat(twice).isCloseTo(2 * loss, within(1e-5));
      Map<String, Double> norms = other.gradientNorms();
      model
          .gradientNorms()
          .forEach((name, norm) ->
              assertThat(norms.get(name)).as(name).isCloseTo(2 * norm, within(1e-3 * norm + 1e-6)));
    }
  }

  private static MaskedBatch weighted(long[] clean, BitSet masked, double p) {
    return MaskedBatch.of(clean, masked, new double[] {p}, new int[1], MASK, LossWeight.INVERSE_T);
  }

  /** The probability of the masks in {@code code}; 0 when it masks a prompt. */
  private static double chance(int code, int length, int[] prompts, double[] p) {
    double chance = 1;
    for (int slot = 0; slot < 2 * length; slot++) {
      int row = slot / length;
      boolean masked = (code >> slot & 1) == 1;
      if (slot % length < prompts[row]) {
        chance *= masked ? 0 : 1;
      } else {
        chance *= masked ? p[row] : 1 - p[row];
      }
    }
    return chance;
  }

  private double lossWith(
      Map<String, float[]> values, String name, double factor, float[] direction, MaskedBatch batch)
      throws Exception {
    Map<String, float[]> moved = new HashMap<>(values);
    float[] changed = of(values, name).clone();
    for (int i = 0; i < changed.length; i++) {
      changed[i] += (float) (factor * direction[i]);
    }
    moved.put(name, changed);
    write(moved);
    try (TrainableModel model = TrainableModel.load(folder, Compute.FLOAT32)) {
      return model.loss(batch).loss();
    }
  }

  /** Logits that are all equal: the last norm lets nothing through. */
  private TrainableModel knowingNothing() throws Exception {
    Map<String, float[]> values = new HashMap<>();
    try (TrainableModel model = random()) {
      for (Weight weight : WeightTable.of(CONFIG)) {
        values.put(weight.name(), model.values(weight.name()));
      }
    }
    String last = WeightTable.of(CONFIG).get(WeightTable.finalNorm(CONFIG)).name();
    values.put(last, new float[CONFIG.width()]);
    write(values);
    return TrainableModel.load(folder, Compute.FLOAT32);
  }

  private TrainableModel random() throws Exception {
    RandomModel.write(folder, CONFIG, ElementType.F32, 1.5, 9);
    return TrainableModel.load(folder, Compute.FLOAT32);
  }

  private void write(Map<String, float[]> values) throws IOException {
    Files.writeString(folder.resolve(ModelConfig.FILE_NAME), CONFIG.toJson("float32"));
    SafetensorsWriter writer = new SafetensorsWriter();
    for (Weight weight : WeightTable.of(CONFIG)) {
      writer.add(
          weight.name(), ElementType.F32, weight.dimensions(), () -> of(values, weight.name()));
    }
    writer.write(folder.resolve(SafetensorsDirectory.SINGLE_FILE));
  }

  private static float[] of(Map<String, float[]> arrays, String name) {
    return Objects.requireNonNull(arrays.get(name), name);
  }

  private static double length(float[] vector) {
    double squares = 0;
    for (float x : vector) {
      squares += (double) x * x;
    }
    return Math.sqrt(squares);
  }

  private static long[] clean(int rows, int length) {
    return new Random(4).longs((long) rows * length, 0, 26).toArray();
  }
}
