package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.ModelShape;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The reversal experiment in small (arXiv 2502.09992, 3.3): facts "A is B" are only ever seen in
 * that order; afterwards either side is asked for.
 */
class ReversalTest {

  private static final int FACTS = 16;
  private static final int IS = 2 * FACTS;
  private static final int MASK = IS + 1;
  private static final int EOS = IS + 2;
  private static final int STEPS = 150;

  @TempDir Path folder;

  @Test
  void aMaskedModelAnswersBothWaysAndAnAutoregressiveOneOnlyForward() throws Exception {
    ModelConfig masked = shape(ModelConfig.shape());
    ModelConfig causal = shape(ModelConfig.shape(Layout.AUTOREGRESSIVE));

    int[] ofMasked = answers(masked, ReversalTest::noisy);
    int[] ofCausal = answers(causal, random -> nextToken());

    assertThat(ofMasked).as("masked: forward, backward").containsExactly(FACTS, FACTS);
    assertThat(ofCausal[0]).as("autoregressive: forward").isEqualTo(FACTS);
    // It sees nothing to its right, so every question backward is the same one to it.
    assertThat(ofCausal[1]).as("autoregressive: backward").isLessThanOrEqualTo(1);
  }

  private static ModelConfig shape(ModelShape shape) {
    return shape
        .width(32)
        .layers(2)
        .heads(2)
        .mlpWidth(64)
        .vocabularySize(EOS + 1)
        .contextLength(3)
        .tokens(MASK, EOS, -1)
        .build();
  }

  private interface Batches {
    MaskedBatch next(SplittableRandom random);
  }

  /** Trains on the facts; right answers forward and backward. */
  private int[] answers(ModelConfig config, Batches batches) throws Exception {
    SplittableRandom random = new SplittableRandom(3);
    try (TrainableModel model = TrainableModel.random(config, Compute.FLOAT32, 1);
        AdamW optimizer = new AdamW(model, new AdamW.Settings(0.9, 0.99, 1e-8, 0, 1, false))) {
      for (int step = 0; step < STEPS; step++) {
        LossValue ignored = model.lossAndGradients(batches.next(random));
        optimizer.step(1e-2 * (1 - step / (double) STEPS), optimizer.gradientNorm());
      }
      model.write(folder.resolve("model.safetensors"), ElementType.F32);
    }
    Files.writeString(folder.resolve(ModelConfig.FILE_NAME), config.toJson("float32"));
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32)) {
      int[] right = new int[2];
      for (int a = 0; a < FACTS; a++) {
        right[0] += best(model, new int[] {a, IS, MASK}, 2) == fact(a) ? 1 : 0;
        right[1] += best(model, new int[] {MASK, IS, fact(a)}, 0) == a ? 1 : 0;
      }
      return right;
    }
  }

  private static int best(LoadedModel model, int[] row, int slot) {
    PackedBatch batch = new PackedBatch();
    batch.add(row, new int[] {slot});
    try (NDManager manager = TorchRuntime.newManager()) {
      return Math.toIntExact(model.logits(manager, batch).argMax(1).toLongArray()[0]);
    }
  }

  private static int fact(int a) {
    return FACTS + (5 * a + 3) % FACTS;
  }

  /** Every fact four times. */
  private static long[] facts() {
    long[] ids = new long[4 * FACTS * 3];
    for (int row = 0; row < 4 * FACTS; row++) {
      ids[3 * row] = row % FACTS;
      ids[3 * row + 1] = IS;
      ids[3 * row + 2] = fact(row % FACTS);
    }
    return ids;
  }

  /** The autoregressive objective; a first token has nothing before it. */
  private static MaskedBatch nextToken() {
    int[] prompts = new int[4 * FACTS];
    Arrays.fill(prompts, 1);
    return MaskedBatch.nextToken(facts(), prompts);
  }

  /** LLaDA's objective: times spread evenly, slots masked by chance. */
  private static MaskedBatch noisy(SplittableRandom random) {
    int rows = 4 * FACTS;
    double[] p = new double[rows];
    BitSet masked = new BitSet();
    double offset = random.nextDouble();
    for (int row = 0; row < rows; row++) {
      p[row] = 0.999 * ((offset + row * 37 % rows) / rows) + 0.001;
      for (int slot = 0; slot < 3; slot++) {
        masked.set(3 * row + slot, random.nextDouble() < p[row]);
      }
    }
    return MaskedBatch.of(facts(), masked, p, new int[rows], MASK, LossWeight.INVERSE_T);
  }
}
