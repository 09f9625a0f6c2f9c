package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.ModelShape;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the golden cases do not cover: bfloat16 compute, empty masks, files. */
class TrainableModelTest {

  private static final ModelConfig CONFIG = shape().build();

  private static ModelShape shape() {
    return ModelConfig.shape()
        .width(64)
        .layers(2)
        .heads(4)
        .kvHeads(2)
        .mlpWidth(96)
        .vocabularySize(50)
        .contextLength(64)
        .tokens(49, 48, 47);
  }

  static Stream<AttentionMask> masks() {
    return Stream.of(
        new AttentionMask.Full(), new AttentionMask.Causal(), new AttentionMask.BlockCausal(8));
  }

  @ParameterizedTest
  @MethodSource("masks")
  void bfloat16ComputeAgreesWithFloat32(AttentionMask mask) {
    ModelConfig config = shape().mask(mask).build();
    MaskedBatch batch = batch(32);
    try (TrainableModel f32 = TrainableModel.random(config, Compute.FLOAT32, 3);
        TrainableModel bf16 = TrainableModel.random(config, Compute.BFLOAT16, 3)) {
      double loss = f32.lossAndGradients(batch).loss();

      assertThat(bf16.lossAndGradients(batch).loss()).isCloseTo(loss, within(0.02 * loss));
      Map<String, Double> inBfloat16 = bf16.gradientNorms();
      f32.gradientNorms()
          .forEach((name, norm) ->
              assertThat(inBfloat16.get(name)).as(name).isCloseTo(norm, within(0.05 * norm)));
    }
  }

  @Test
  void aBatchWithoutAMaskCostsNothingAndChangesNothing() {
    try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, 3);
        AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT)) {
      LossValue value = model.lossAndGradients(batch(0));

      assertThat(value).isEqualTo(new LossValue(0, 0, 0));
      assertThat(optimizer.gradientNorm()).isZero();
    }
  }

  @Test
  void activationsComputedAgainGiveTheSameGradients() throws Exception {
    Method.Lora lora = new Method.Lora(4, 8, 0.3, List.of("q_proj", "layers.1.down_proj"));
    for (Compute compute : Compute.values()) {
      for (Method method : List.of(new Method.Full(), lora, new Method.PromptTuning(3))) {
        try (TrainableModel whole = TrainableModel.random(CONFIG, compute, method, 3);
            TrainableModel parts = TrainableModel.random(CONFIG, compute, method, 3)) {
          parts.recomputeActivations();
          // Twice, because gradients add up.
          for (long draw = 5; draw < 7; draw++) {
            assertThat(parts.lossAndGradients(batch(32), draw))
                .isEqualTo(whole.lossAndGradients(batch(32), draw));
          }
          assertThat(parts.gradientNorms().values()).anyMatch(norm -> norm > 1e-3);
          for (TrainedTensor tensor : whole.trained()) {
            assertThat(parts.gradient(tensor.name()))
                .as(compute + " " + method.describe() + " " + tensor.name())
                .containsExactly(tensor.gradient());
          }
          assertThat(parts.lossAndGradients(batch(0), 1)).isEqualTo(new LossValue(0, 0, 0));
        }
      }
    }
  }

  @Test
  void gradientsAddUpUntilAStepClearsThem() {
    try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, 3);
        AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT)) {
      LossValue first = model.lossAndGradients(batch(32));
      double once = optimizer.gradientNorm();
      assertThat(model.lossAndGradients(batch(32))).isEqualTo(first);
      assertThat(optimizer.gradientNorm()).isCloseTo(2 * once, within(1e-4 * once));

      optimizer.step(1e-3, optimizer.gradientNorm());

      assertThat(optimizer.gradientNorm()).isZero();
      assertThat(model.loss(batch(32)).loss()).isLessThan(first.loss());
    }
  }

  @Test
  void aFolderThatItWroteIsTheSameModel(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("config.json"), CONFIG.toJson("float32"));
    try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, 3)) {
      model.write(folder.resolve("model.safetensors"), ElementType.F32);
      try (TrainableModel read = TrainableModel.load(folder, Compute.FLOAT32)) {
        assertThat(read.loss(batch(32))).isEqualTo(model.loss(batch(32)));
      }
    }
  }

  private static MaskedBatch batch(int masked) {
    long[] clean = new long[4 * 16];
    BitSet mask = new BitSet();
    for (int i = 0; i < clean.length; i++) {
      clean[i] = i * 7L % 40;
    }
    for (int i = 0; i < masked; i++) {
      mask.set(2 * i);
    }
    return MaskedBatch.of(
        clean, mask, new double[] {0.5, 0.5, 0.5, 0.5}, new int[4], 49, LossWeight.INVERSE_T);
  }
}
