package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sequences of different lengths in one batch: as if each were alone. */
class PackedBatchTest {

  private static final int MASK = 49;
  private static final int[] LENGTHS = {5, 9, 9, 9, 14, 23};
  private static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(64)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(50)
          .contextLength(64)
          .tokens(MASK, 48, 47)
          .build();
  private static final List<Method> METHODS =
      List.of(
          new Method.Full(),
          new Method.Lora(4, 8, 0, List.of("q_proj", "layers.1.down_proj")),
          new Method.PromptTuning(3));

  @Test
  void lossAndGradientsAreTheSumOfTheSequencesAlone() throws Exception {
    List<MaskedBatch> alone = alone(1);
    for (Method method : METHODS) {
      try (TrainableModel packed = TrainableModel.random(CONFIG, Compute.FLOAT32, method, 3);
          TrainableModel single = TrainableModel.random(CONFIG, Compute.FLOAT32, method, 3)) {
        LossValue together = packed.lossAndGradients(MaskedBatch.together(alone));
        double loss = 0;
        double crossEntropy = 0;
        for (MaskedBatch sequence : alone) {
          LossValue value = single.lossAndGradients(sequence);
          loss += value.loss();
          crossEntropy += value.crossEntropySum();
        }

        assertThat(together.loss()).isCloseTo(loss, within(1e-6 * loss));
        assertThat(together.crossEntropySum()).isCloseTo(crossEntropy, within(1e-6 * crossEntropy));
        assertThat(packed.gradientNorms().values()).anyMatch(norm -> norm > 1e-3);
        for (TrainedTensor tensor : packed.trained()) {
          float[] expected = single.gradient(tensor.name());
          double largest = 0;
          for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
          }
          float[] found = tensor.gradient();
          for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i])
                .as(method.describe() + " " + tensor.name())
                .isCloseTo(expected[i], within(1e-5 * largest + 1e-12));
          }
        }
      }
    }
  }

  @Test
  void noSequenceFeelsAnother() throws Exception {
    for (Method method : METHODS) {
      try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, method, 3)) {
        List<MaskedBatch> before = alone(1);
        List<MaskedBatch> after = new ArrayList<>(before);
        after.set(2, alone(2).get(2));
        float[] first = model.scores(MaskedBatch.together(before)).crossEntropy();
        float[] second = model.scores(MaskedBatch.together(after)).crossEntropy();

        int begin = 0;
        for (int i = 0; i < before.size(); i++) {
          int end = begin + before.get(i).slots().length;
          float[] one = Arrays.copyOfRange(first, begin, end);
          float[] other = Arrays.copyOfRange(second, begin, end);
          if (i == 2) {
            assertThat(other).isNotEqualTo(one);
          } else {
            assertThat(other).as("sequence " + i).isEqualTo(one);
          }
          begin = end;
        }
      }
    }
  }

  @Test
  void activationsComputedAgainGiveTheSameGradients() throws Exception {
    MaskedBatch batch = MaskedBatch.together(alone(1));
    for (Method method : METHODS) {
      try (TrainableModel whole = TrainableModel.random(CONFIG, Compute.FLOAT32, method, 3);
          TrainableModel parts = TrainableModel.random(CONFIG, Compute.FLOAT32, method, 3)) {
        parts.recomputeActivations();
        assertThat(parts.lossAndGradients(batch)).isEqualTo(whole.lossAndGradients(batch));
        for (TrainedTensor tensor : whole.trained()) {
          assertThat(parts.gradient(tensor.name())).containsExactly(tensor.gradient());
        }
      }
    }
  }

  @Test
  void partsOfTheHeadAddUp() throws Exception {
    // So many columns that the slots do not fit one part.
    ModelConfig wide =
        ModelConfig.shape()
            .width(8)
            .layers(1)
            .heads(2)
            .mlpWidth(16)
            .vocabularySize(1 << 17)
            .contextLength(64)
            .tokens((1 << 17) - 1, (1 << 17) - 2, (1 << 17) - 3)
            .build();
    Method lora = new Method.Lora(2, 4, 0, List.of("q_proj"));
    List<MaskedBatch> sequences = new ArrayList<>();
    for (int seed = 0; seed < 5; seed++) {
      sequences.addAll(alone(seed));
    }
    MaskedBatch few = sequences.getFirst();
    MaskedBatch many = MaskedBatch.together(sequences);
    assertThat(many.slots().length).isGreaterThan(128);
    for (Method method : List.of(new Method.Full(), lora)) {
      try (TrainableModel model = TrainableModel.random(wide, Compute.FLOAT32, method, 3);
          TrainableModel other = TrainableModel.random(wide, Compute.FLOAT32, method, 3)) {
        LossValue all = model.lossAndGradients(many);
        double loss = 0;
        for (MaskedBatch sequence : sequences) {
          loss += other.lossAndGradients(sequence).loss();
        }
        assertThat(all.loss()).isCloseTo(loss, within(1e-6 * loss));
        String name = model.trained().get(1).name();
        float[] found = model.gradient(name);
        float[] expected = other.gradient(name);
        double largest = 0;
        for (float value : expected) {
          largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).isPositive();
        // Each number is a sum over all columns.
        for (int i = 0; i < found.length; i++) {
          assertThat((double) found[i]).isCloseTo(expected[i], within(1e-4 * largest));
        }
        float[] scores = model.scores(many).crossEntropy();
        float[] alone = model.scores(few).crossEntropy();
        for (int i = 0; i < alone.length; i++) {
          assertThat(scores[i]).isCloseTo(alone[i], within(1e-5f));
        }
      }
    }
  }

  /** Sequences of their own, of which about half is masked. */
  private static List<MaskedBatch> alone(long seed) {
    Random random = new Random(seed);
    List<MaskedBatch> batches = new ArrayList<>();
    for (int length : LENGTHS) {
      long[] clean = random.longs(length, 0, 40).toArray();
      BitSet masked = new BitSet();
      masked.set(length - 1);
      for (int i = 2; i < length - 1; i++) {
        masked.set(i, random.nextBoolean());
      }
      batches.add(
          MaskedBatch.of(
                  clean, masked, new double[] {0.5}, new int[] {2}, MASK, LossWeight.INVERSE_T)
              .weighted(1.0 / LENGTHS.length));
    }
    return batches;
  }
}
