package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses, gradients and AdamW against the public PyTorch reference's own numbers. */
class TrainingGoldenTest {

  private static final double LOSS_TOLERANCE = 1e-5;
  private static final double TOLERANCE = 1e-4;

  @ParameterizedTest
  @ValueSource(strings = {"dense-f32", "grouped-bf16-sharded"})
  void lossesAndGradientsAreTheReferences(String name) throws Exception {
    Path folder = folder(name);
    for (JsonNode expected : cases(folder)) {
      String kind = expected.path("kind").asText();
      if (!kind.equals("pretrain_loss") && !kind.equals("sft_loss")) {
        continue;
      }
      try (TrainableModel model = TrainableModel.load(folder, Compute.FLOAT32)) {
        LossValue value =
            model.lossAndGradients(batch(folder, expected.path("name").asText(), model));

        double loss = expected.path("loss").asDouble();
        assertThat(value.loss()).isCloseTo(loss, within(LOSS_TOLERANCE * loss));
        Map<String, Double> norms = model.gradientNorms();
        assertThat(norms).hasSameSizeAs(expected.path("grad_norms").properties());
        expected
            .path("grad_norms")
            .properties()
            .forEach(e ->
                assertThat(norms.get(e.getKey()))
                    .as(e.getKey())
                    .isCloseTo(
                        e.getValue().asDouble(), within(TOLERANCE * e.getValue().asDouble())));
        try (AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT)) {
          double norm = expected.path("grad_norm").asDouble();
          assertThat(optimizer.gradientNorm()).isCloseTo(norm, within(TOLERANCE * norm));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"dense-f32", "grouped-bf16-sharded"})
  void threeStepsOfAdamWEndAtTheReferencesWeights(String name) throws Exception {
    Path folder = folder(name);
    JsonNode expected =
        cases(folder)
            .valueStream()
            .filter(c -> c.path("kind").asText().equals("adamw"))
            .findFirst()
            .orElseThrow();
    AdamW.Settings settings =
        new AdamW.Settings(
            expected.path("betas").get(0).asDouble(),
            expected.path("betas").get(1).asDouble(),
            expected.path("eps").asDouble(),
            expected.path("weight_decay").asDouble(),
            expected.path("clip_grad_norm").asDouble(),
            true);
    try (TrainableModel model = TrainableModel.load(folder, Compute.FLOAT32);
        AdamW optimizer = new AdamW(model, settings)) {
      for (int step = 0; step < expected.path("steps").asInt(); step++) {
        String prefix = expected.path("name").asText() + ".step" + step;
        double loss = model.lossAndGradients(batch(folder, prefix, model)).loss();
        optimizer.step(expected.path("lr").asDouble(), optimizer.gradientNorm());

        double wanted = expected.path("losses").get(step).asDouble();
        assertThat(loss).isCloseTo(wanted, within(LOSS_TOLERANCE * wanted));
      }
      String last = expected.path("name").asText() + ".final.";
      arrays(folder)
          .forEach((key, wanted) -> {
            if (key.startsWith(last)) {
              float[] values = model.values(key.substring(last.length()));
              assertThat(relativeError(values, wanted.toFloats())).as(key).isLessThan(TOLERANCE);
            }
          });
    }
  }

  private static double relativeError(float[] values, float[] wanted) {
    assertThat(values).hasSameSizeAs(wanted);
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < wanted.length; i++) {
      difference = Math.max(difference, Math.abs(values[i] - wanted[i]));
      largest = Math.max(largest, Math.abs(wanted[i]));
    }
    return difference / largest;
  }

  private static MaskedBatch batch(Path folder, String prefix, TrainableModel model)
      throws Exception {
    Map<String, StoredTensor> arrays = arrays(folder);
    long[] clean = tensor(arrays, prefix + ".input_ids").toLongs();
    long[] noisy = tensor(arrays, prefix + ".noisy_ids").toLongs();
    double[] p = tensor(arrays, prefix + ".p_mask").toDoubles();
    int[] prompts = new int[p.length];
    StoredTensor lengths = arrays.get(prefix + ".prompt_lengths");
    if (lengths != null) {
      long[] values = lengths.toLongs();
      for (int i = 0; i < prompts.length; i++) {
        prompts[i] = Math.toIntExact(values[i]);
      }
    }
    int mask = model.config().tokens().mask();
    BitSet masked = new BitSet();
    for (int i = 0; i < noisy.length; i++) {
      masked.set(i, noisy[i] == mask);
    }
    return MaskedBatch.of(clean, masked, p, prompts, mask, LossWeight.INVERSE_T);
  }

  private static StoredTensor tensor(Map<String, StoredTensor> arrays, String name) {
    return Objects.requireNonNull(arrays.get(name), name);
  }

  private static Map<String, StoredTensor> arrays(Path folder) throws Exception {
    return SafetensorsFile.open(folder.resolve("cases.safetensors")).tensors();
  }

  private static JsonNode cases(Path folder) throws Exception {
    return new ObjectMapper().readTree(folder.resolve("cases.json").toFile()).path("cases");
  }

  private static Path folder(String name) throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(TrainingGoldenTest.class.getResource("/golden/" + name)).toURI());
  }
}
