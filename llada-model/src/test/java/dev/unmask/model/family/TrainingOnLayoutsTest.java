package dev.unmask.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.reference.ReferenceNetwork;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The loss of every layout, and its gradients by differences, against float64. */
class TrainingOnLayoutsTest {

  private static final int ROWS = 2;
  private static final int LENGTH = 12;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void lossAndGradientsAgreeWithFloat64(Member member) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    ReferenceNetwork reference = ReferenceNetwork.load(folder);
    MaskedBatch batch = batch(config, member);
    try (TrainableModel model = TrainableModel.load(folder, Compute.FLOAT32)) {
      double expected = loss(reference, batch);

      assertThat(model.lossAndGradients(batch).loss()).isCloseTo(expected, within(1e-5 * expected));

      for (String name : reference.names()) {
        float[] gradient = model.gradient(name);
        int index = steepest(gradient);
        assertThat((double) gradient[index])
            .as("%s[%d]", name, index)
            .isCloseTo(
                slope(reference, batch, name, index),
                within(1e-4 * Math.abs(gradient[index]) + 1e-7));
      }
    }
  }

  @Test
  void theAutoregressiveTwinLearnsTheNextToken() throws Exception {
    TinyCheckpoint.of(Member.AUTOREGRESSIVE).write(folder);
    MaskedBatch batch = batch(ModelConfig.load(folder), Member.AUTOREGRESSIVE);
    try (TrainableModel model = TrainableModel.load(folder, Compute.FLOAT32);
        AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT)) {
      double first = model.loss(batch).loss();
      for (int step = 0; step < 20; step++) {
        model.lossAndGradients(batch);
        optimizer.step(3e-3, optimizer.gradientNorm());
      }
      assertThat(model.loss(batch).loss()).isLessThan(0.3 * first);
    }
  }

  @Test
  void nothingStandsBeforeTheFirstToken() {
    assertThatThrownBy(() -> MaskedBatch.nextToken(new long[] {1, 2, 3}, new int[] {0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a prompt of 0 tokens");
  }

  /** Two sequences of one length and a shorter one, packed. */
  private static MaskedBatch batch(ModelConfig config, Member member) {
    long[] clean = new Random(4).longs(ROWS * LENGTH, 0, member.vocabulary()).toArray();
    long[] shorter = Arrays.copyOfRange(clean, 2, LENGTH - 2);
    if (member == Member.AUTOREGRESSIVE) {
      return MaskedBatch.together(
          List.of(
              MaskedBatch.nextToken(clean, new int[] {1, 5}),
              MaskedBatch.nextToken(shorter, new int[] {2})));
    }
    // The first slot of a row is masked too: with a shift it has no row before it.
    MaskedBatch rows =
        MaskedBatch.of(
            clean,
            slots(0, 3, 4, 11, 17, 20, 23),
            new double[] {0.4, 0.7},
            new int[] {0, 5},
            config.tokens().mask(),
            LossWeight.INVERSE_T);
    MaskedBatch row =
        MaskedBatch.of(
            shorter,
            slots(0, 1, 5),
            new double[] {0.5},
            new int[1],
            config.tokens().mask(),
            LossWeight.INVERSE_T);
    return MaskedBatch.together(List.of(rows, row));
  }

  private static BitSet slots(int... masked) {
    BitSet slots = new BitSet();
    for (int slot : masked) {
      slots.set(slot);
    }
    return slots;
  }

  private static double loss(ReferenceNetwork reference, MaskedBatch batch) {
    double loss = 0;
    int begin = 0;
    for (int length : batch.lengths()) {
      int[] ids = new int[length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = (int) batch.ids()[begin + i];
      }
      double[][] logits = reference.logits(ids);
      for (int n = 0; n < batch.slots().length; n++) {
        int slot = (int) batch.slots()[n] - begin;
        if (slot >= 0 && slot < length) {
          double[] z = logits[slot];
          double highest = Arrays.stream(z).max().orElseThrow();
          double sum = Arrays.stream(z).map(v -> Math.exp(v - highest)).sum();
          double crossEntropy = highest + Math.log(sum) - z[(int) batch.targets()[n]];
          loss += batch.weights()[n] * crossEntropy;
        }
      }
      begin += length;
    }
    return loss;
  }

  private static double slope(
      ReferenceNetwork reference, MaskedBatch batch, String name, int index) {
    double h = 1e-5;
    reference.nudge(name, index, h);
    double above = loss(reference, batch);
    reference.nudge(name, index, -2 * h);
    double below = loss(reference, batch);
    reference.nudge(name, index, h);
    return (above - below) / (2 * h);
  }

  private static int steepest(float[] gradient) {
    int best = 0;
    for (int i = 0; i < gradient.length; i++) {
      if (Math.abs(gradient[i]) > Math.abs(gradient[best])) {
        best = i;
      }
    }
    return best;
  }
}
