package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A network trained on a law that is known: weight(a, b, c) = 1 + (a + 2b + 3c + ab + 2bc) mod 7.
 * Its entropy is the least that any predictor's expected bound can be, and the objective leads
 * there.
 *
 * <p>A word stands behind one token of prompt. Without it the network could not get there:
 * positions come from rotary angles alone, so in a row of nothing but masks all slots look alike.
 */
class ToyTrainingTest {

  private static final double ENTROPY = 3.1311017436562314;
  private static final int MASK = 3;
  private static final int FIRST = 4;
  private static final int LENGTH = 4;
  private static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(24)
          .layers(2)
          .heads(2)
          .mlpWidth(48)
          .vocabularySize(5)
          .contextLength(LENGTH)
          .tokens(MASK, FIRST, SpecialTokens.NONE)
          .build();

  @Test
  void theExpectedLossFallsToTheEntropyAndNeverBelow() {
    MaskedBatch everything = everyWordWithEveryMask();
    int steps = 240;
    double expected = 0;
    try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, 2);
        AdamW optimizer = new AdamW(model, new AdamW.Settings(0.9, 0.95, 1e-8, 0, 1, false))) {
      for (int step = 0; step < steps; step++) {
        expected = model.lossAndGradients(everything).loss();
        assertThat(expected).isGreaterThan(ENTROPY - 1e-5);
        optimizer.step(1e-2 * (1 - step / (double) steps), optimizer.gradientNorm());
      }
      assertThat(expected).isLessThan(ENTROPY + 2e-3);

      // The objective as training draws it, times and masks at random, has the same mean.
      SplittableRandom random = new SplittableRandom(1);
      double drawn = 0;
      int batches = 80;
      for (int i = 0; i < batches; i++) {
        // The loss is per token, the entropy per word.
        drawn += 3 * model.loss(noisyBatch(random, 512)).loss() / batches;
      }
      // One sample's variance is about 13.
      assertThat(drawn).isCloseTo(ENTROPY, within(4 * Math.sqrt(13.0 / (512 * batches))));
    }
  }

  @Test
  void slotsOfARowOfMasksLookAlikeUnlessSomethingElseIsThere(@TempDir Path folder)
      throws Exception {
    RandomModel.write(folder, CONFIG, ElementType.F32, 2, 3);
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32);
        NDManager manager = TorchRuntime.newManager()) {
      PackedBatch batch = new PackedBatch();
      batch.add(new int[] {MASK, MASK, MASK}, new int[] {0, 2});
      batch.add(new int[] {FIRST, MASK, MASK, MASK}, new int[] {1, 3});
      float[] z = model.logits(manager, batch).toFloatArray();

      float[] alone = Arrays.copyOfRange(z, 0, 5);
      assertThat(Arrays.copyOfRange(z, 5, 10)).containsExactly(alone, within(1e-5f));
      assertThat(Math.abs(z[10] - z[15])).isGreaterThan(1e-3f);
    }
  }

  /** The training noise: a time for each row, every slot masked with that probability. */
  private static MaskedBatch noisyBatch(SplittableRandom random, int rows) {
    long[] clean = new long[rows * LENGTH];
    double[] p = new double[rows];
    int[] prompts = new int[rows];
    Arrays.fill(prompts, 1);
    BitSet masked = new BitSet();
    for (int row = 0; row < rows; row++) {
      place(clean, row, draw(random));
      p[row] = 0.999 * random.nextDouble() + 0.001;
      for (int slot = 1; slot < LENGTH; slot++) {
        masked.set(LENGTH * row + slot, random.nextDouble() < p[row]);
      }
    }
    return MaskedBatch.of(clean, masked, p, prompts, MASK, LossWeight.INVERSE_T);
  }

  /**
   * One batch whose loss is the expectation: words by their probability, numbers of masks equally
   * likely, which slots too, each mask weighing 3 over its slots (Eq. 6).
   */
  private static MaskedBatch everyWordWithEveryMask() {
    int rows = 27 * 7;
    long[] ids = new long[rows * LENGTH];
    long[] slots = new long[27 * 12];
    long[] targets = new long[slots.length];
    float[] weights = new float[slots.length];
    int n = 0;
    for (int row = 0; row < rows; row++) {
      int code = row / 7;
      place(ids, row, code);
      int bits = row % 7 + 1;
      int masks = Integer.bitCount(bits);
      for (int slot = 0; slot < 3; slot++) {
        if ((bits >> slot & 1) == 1) {
          int at = LENGTH * row + 1 + slot;
          slots[n] = at;
          targets[n] = ids[at];
          weights[n++] = (float) (weight(code) / 95.0 / 3 / (masks == 3 ? 1 : 3) * 3 / masks);
          ids[at] = MASK;
        }
      }
    }
    return new MaskedBatch(rows, LENGTH, ids, slots, targets, weights);
  }

  private static void place(long[] ids, int row, int code) {
    ids[LENGTH * row] = FIRST;
    ids[LENGTH * row + 1] = code / 9;
    ids[LENGTH * row + 2] = code / 3 % 3;
    ids[LENGTH * row + 3] = code % 3;
  }

  private static int draw(SplittableRandom random) {
    int left = random.nextInt(95);
    int code = 0;
    while (left >= weight(code)) {
      left -= weight(code++);
    }
    return code;
  }

  private static int weight(int code) {
    int a = code / 9;
    int b = code / 3 % 3;
    int c = code % 3;
    return 1 + (a + 2 * b + 3 * c + a * b + 2 * b * c) % 7;
  }
}
