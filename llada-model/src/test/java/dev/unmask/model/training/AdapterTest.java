package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adapters beside a frozen base: low-rank products, virtual tokens, and what is learned by them.
 */
class AdapterTest {

  private static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(64)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(50)
          .contextLength(64)
          .tokens(49, 48, 47)
          .build();

  private static final Method.Lora LORA =
      new Method.Lora(4, 8, 0, List.of("q_proj", "layers.1.down_proj", "layers.0.o_proj"));

  @TempDir Path work;
  private Path base = Path.of("");

  @BeforeEach
  void writeBase() throws IOException {
    base = model("base", 3);
  }

  private Path model(String name, long seed) throws IOException {
    Path folder = Files.createDirectories(work.resolve(name));
    Files.writeString(folder.resolve("config.json"), CONFIG.toJson("float32"));
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, seed)) {
      model.write(folder.resolve("model.safetensors"), ElementType.F32);
    }
    return folder;
  }

  @Test
  void aNewAdapterChangesNothing() throws Exception {
    try (TrainableModel full = TrainableModel.load(base, Compute.FLOAT32);
        TrainableModel lora = TrainableModel.load(base, Compute.FLOAT32, LORA, 7)) {
      assertThat(lora.loss(batch())).isEqualTo(full.loss(batch()));
      assertThat(lora.scores(batch())).usingRecursiveComparison().isEqualTo(full.scores(batch()));
      assertThat(lora.trained()).hasSize(2 * 4);
      assertThat(lora.parameterCount()).isLessThan(full.parameterCount() / 4);
    }
  }

  /**
   * With B = 0, dL/dB is the scale times dL/dW A^T and dL/dA is zero: the full model is the oracle.
   */
  @Test
  void itsGradientsAreThoseOfTheMatrixThatItChanges() throws Exception {
    String module = "model.transformer.blocks.0.q_proj";
    try (TrainableModel full = TrainableModel.load(base, Compute.FLOAT32);
        TrainableModel lora = TrainableModel.load(base, Compute.FLOAT32, LORA, 7)) {
      var unusedFull = full.lossAndGradients(batch());
      var unusedLora = lora.lossAndGradients(batch());
      float[] ofWeight = full.gradient(module + ".weight");
      float[] a = lora.values(PeftNames.PREFIX + module + PeftNames.A);
      float[] ofA = lora.gradient(PeftNames.PREFIX + module + PeftNames.A);
      float[] ofB = lora.gradient(PeftNames.PREFIX + module + PeftNames.B);
      int in = 64;
      int rank = LORA.rank();
      double largest = 0;
      double error = 0;
      for (int o = 0; o < ofB.length / rank; o++) {
        for (int r = 0; r < rank; r++) {
          double sum = 0;
          for (int i = 0; i < in; i++) {
            sum += (double) ofWeight[o * in + i] * a[r * in + i];
          }
          largest = Math.max(largest, Math.abs(LORA.scale() * sum));
          error = Math.max(error, Math.abs(LORA.scale() * sum - ofB[o * rank + r]));
        }
      }
      assertThat(largest).isPositive();
      assertThat(error).isLessThan(1e-5 * largest);
      assertThat(ofA).containsOnly(0f);
    }
  }

  @Test
  void mergedItIsTheModelThatWasTrainedAndItsFilesGoOnLearning() throws Exception {
    Path adapter = work.resolve("adapter");
    Path merged = work.resolve("merged");
    double before;
    LossValue trained;
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, LORA, 7)) {
      before = model.loss(batch()).loss();
      train(model, 20);
      trained = model.loss(batch());
      assertThat(trained.loss()).isLessThan(0.9 * before);
      assertThat(model.baseLoss(batch()).loss()).isEqualTo(before);
      model.writeAdapter(adapter, "base");
    }
    MergedFolder.write(base, adapter, merged);
    try (TrainableModel one = TrainableModel.load(merged, Compute.FLOAT32);
        TrainableModel again =
            TrainableModel.load(base, Compute.FLOAT32, AdapterFolder.read(adapter))) {
      assertThat(one.loss(batch()).loss()).isCloseTo(trained.loss(), within(1e-5 * trained.loss()));
      assertThat(again.loss(batch())).isEqualTo(trained);
      assertThat(again.method()).isEqualTo(AdapterFolder.read(adapter).method());
      train(again, 1);
      assertThat(again.loss(batch()).loss()).isNotEqualTo(trained.loss());
    }
    assertThat(Files.readString(adapter.resolve("adapter_config.json")))
        .contains("\"peft_type\" : \"LORA\"")
        .contains("\"model.transformer.blocks.1.ff_out\"")
        .contains("\"lora_alpha\" : 8");
  }

  @Test
  void onAnotherBaseItIsRefusedWithBothDigests() throws Exception {
    Path other = model("other", 4);
    Path adapter = work.resolve("adapter");
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, LORA, 7)) {
      model.writeAdapter(adapter, "base");
    }
    String own = BaseIdentity.of(base).weights();
    String strange = BaseIdentity.of(other).weights();
    assertThatThrownBy(
            () -> TrainableModel.load(other, Compute.FLOAT32, AdapterFolder.read(adapter)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(own)
        .hasMessageContaining(strange);
    assertThatThrownBy(() -> MergedFolder.write(other, adapter, work.resolve("never")))
        .hasMessageContaining(strange);
    assertThat(work.resolve("never")).doesNotExist();
    Files.writeString(base.resolve("tokenizer.json"), "{\"other\": 1}");
    assertThatThrownBy(
            () -> TrainableModel.load(base, Compute.FLOAT32, AdapterFolder.read(adapter)))
        .hasMessageContaining("tokenizer");
  }

  @Test
  void targetsAreWholeNames() {
    for (String wrong : List.of("proj", "q", "layers.2.q_proj", "ff_out", "layers.1", "")) {
      assertThatThrownBy(() ->
              TrainableModel.load(
                  base, Compute.FLOAT32, new Method.Lora(2, 4, 0, List.of(wrong)), 1))
          .as(wrong)
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("\"" + wrong + "\"")
          .hasMessageContaining("q_proj");
    }
  }

  @Test
  void dropoutIsDrawnFromTheStepsSeedAlone() throws Exception {
    Method.Lora dropping = new Method.Lora(4, 8, 0.5, List.of("all"));
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, dropping, 7)) {
      train(model, 3);
      LossValue first = model.lossWithDropout(batch(), 11);
      assertThat(model.lossWithDropout(batch(), 11)).isEqualTo(first);
      assertThat(model.lossWithDropout(batch(), 12)).isNotEqualTo(first);
      assertThat(model.loss(batch())).isEqualTo(model.loss(batch()));
    }
  }

  @Test
  void virtualTokensLearnBeforeThePromptAndComeBackFromTheirFiles() throws Exception {
    Path adapter = work.resolve("prompt");
    LossValue trained;
    try (TrainableModel model =
        TrainableModel.load(base, Compute.FLOAT32, new Method.PromptTuning(5), 7)) {
      double before = model.loss(batch()).loss();
      double plain = model.baseLoss(batch()).loss();
      assertThat(before).isNotEqualTo(plain);
      train(model, 30);
      trained = model.loss(batch());
      assertThat(trained.loss()).isLessThan(before);
      assertThat(model.baseLoss(batch()).loss()).isEqualTo(plain);
      model.writeAdapter(adapter, "base");
    }
    try (TrainableModel again =
        TrainableModel.load(base, Compute.FLOAT32, AdapterFolder.read(adapter))) {
      assertThat(again.loss(batch())).isEqualTo(trained);
    }
    assertThatThrownBy(() -> MergedFolder.write(base, adapter, work.resolve("merged")))
        .hasMessageContaining("virtual tokens");
  }

  @Test
  void thePreferenceLossIsLogTwoAtFirstAndTrainingPrefersTheChosen() throws Exception {
    Method.Preference method = new Method.Preference(0.2, 4, 0.05, LORA);
    List<PreferencePair> pairs =
        List.of(
            new PreferencePair(new int[] {1, 2, 3, 4, 5, 48}, new int[] {1, 2, 9, 9, 48}, 2),
            new PreferencePair(new int[] {7, 8, 10, 48}, new int[] {7, 8, 20, 21, 22, 48}, 2));
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, method, 7);
        AdamW optimizer = new AdamW(model, new AdamW.Settings(0.9, 0.95, 1e-8, 0, 1e9, false))) {
      PreferenceLoss objective = new PreferenceLoss(model);
      PreferenceLoss.Value first = objective.loss(pairs, 5);
      assertThat(first.preferenceLoss()).isCloseTo(Math.log(2), within(1e-6));
      assertThat(first.margin()).isCloseTo(0, within(1e-6));
      for (int step = 0; step < 40; step++) {
        var unused = objective.lossAndGradients(pairs, 1, 100 + step);
        optimizer.step(5e-3, optimizer.gradientNorm());
      }
      PreferenceLoss.Value last = objective.loss(pairs, 5);
      assertThat(last.margin()).isGreaterThan(0.1);
      assertThat(last.accuracy()).isEqualTo(1);
      assertThat(last.preferenceLoss()).isLessThan(0.9 * first.preferenceLoss());
    }
  }

  /**
   * The gradient is a sum of each estimate's gradient times a number; a small step must show it.
   */
  @Test
  void thePreferenceGradientPredictsWhatASmallStepChanges() throws Exception {
    Method.Preference method = new Method.Preference(0.5, 4, 0.05, LORA);
    List<PreferencePair> pairs =
        List.of(new PreferencePair(new int[] {1, 2, 3, 4, 5, 48}, new int[] {1, 2, 9, 9, 48}, 2));
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, method, 7);
        AdamW optimizer = new AdamW(model, new AdamW.Settings(0.9, 0.95, 1e-8, 0, 1e9, false))) {
      PreferenceLoss objective = new PreferenceLoss(model);
      for (int step = 0; step < 5; step++) {
        var unused = objective.lossAndGradients(pairs, 1, 100 + step);
        optimizer.step(5e-3, optimizer.gradientNorm());
      }
      double before = objective.lossAndGradients(pairs, 1, 9).loss();
      List<float[]> gradients =
          model.trained().stream().map(t -> model.gradient(t.name())).toList();
      List<float[]> old = model.trained().stream().map(t -> model.values(t.name())).toList();
      optimizer.step(1e-5, optimizer.gradientNorm());
      double predicted = 0;
      for (int t = 0; t < old.size(); t++) {
        float[] now = model.values(model.trained().get(t).name());
        for (int i = 0; i < now.length; i++) {
          predicted += (double) gradients.get(t)[i] * (now[i] - old.get(t)[i]);
        }
      }
      double change = objective.loss(pairs, 9).loss() - before;
      assertThat(predicted).isNegative();
      assertThat(change).isCloseTo(predicted, within(0.1 * Math.abs(predicted)));
    }
  }

  private static void train(TrainableModel model, int steps) {
    try (AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT)) {
      for (int step = 0; step < steps; step++) {
        var unused = model.lossAndGradients(batch(), step);
        optimizer.step(1e-2, optimizer.gradientNorm());
      }
    }
  }

  static MaskedBatch batch() {
    long[] clean = new long[4 * 16];
    BitSet mask = new BitSet();
    for (int i = 0; i < clean.length; i++) {
      clean[i] = i * 7L % 40;
    }
    for (int i = 0; i < 32; i++) {
      mask.set(2 * i);
    }
    return MaskedBatch.of(
        clean, mask, new double[] {0.5, 0.5, 0.5, 0.5}, new int[4], 49, LossWeight.INVERSE_T);
  }
}
