package dev.unmask.model.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Figures that hold whatever the machine's speed is. */
final class EngineBenchTest {

  @TempDir private Path folder;

  @Test
  void theFiguresOfARunFitTogether() throws Exception {
    ModelConfig config =
        ModelConfig.shape()
            .width(64)
            .layers(2)
            .heads(2)
            .kvHeads(1)
            .mlpWidth(96)
            .vocabularySize(256)
            .contextLength(600)
            .tokens(255, 254, 254)
            .build();
    RandomModel.write(folder, config, ElementType.F32, 1, 1);
    ObjectNode result = new ObjectMapper().createObjectNode();
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32)) {
      new EngineBench(
              BenchOptions.parse(
                  "--mix", "fixed", "--requests", "3", "--rounds", "1", "--seconds", "0.05"),
              model)
          .run(result);
    }
    assertThat(result.get("rows").asInt()).isEqualTo(3 * 192);
    assertThat(result.get("head_rows").asInt()).isEqualTo(3 * 32);
    assertThat(result.get("cached").get("rows").asInt()).isEqualTo(3 * 32);
    assertThat(result.get("one").get("rows").asInt()).isEqualTo(192);
    // By hand: q and o 64 x 64, k and v 32 x 64, MLP 3 x 64 x 96; attention over 192 keys; the
    // head.
    double products = 2.0 * 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 96) * 576;
    double attention = 4.0 * 2 * 64 * 192 * 576;
    double head = 2.0 * 64 * 256 * 96;
    assertThat(result.get("gflop").asDouble())
        .isCloseTo((products + attention + head) / 1e9, Offset.offset(1e-3));
    assertThat(result.get("useful_positions_ratio").asDouble()).isBetween(0.5, 1.0);
    assertThat(result.get("tokens_per_second").asDouble()).isPositive();
    assertThat(result.get("matmul_prepacked_gflops").asDouble()).isPositive();
    assertThat(result.get("roofline_ratio").asDouble())
        .isCloseTo(
            result.get("model_gflops").asDouble() / result.get("matmul_gflops").asDouble(),
            Percentage.withPercentage(1));
  }

  @Test
  void aStepWithAdaptersStandsBesideTheBasesAndTheMergedOnes() throws Exception {
    ModelConfig config =
        ModelConfig.shape()
            .width(64)
            .layers(2)
            .heads(2)
            .mlpWidth(96)
            .vocabularySize(256)
            .contextLength(600)
            .tokens(255, 254, 254)
            .build();
    RandomModel.write(folder, config, ElementType.F32, 1, 1);
    ObjectNode result = new ObjectMapper().createObjectNode();
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32)) {
      AdapterBench.run(
          BenchOptions.parse(
              "--mode",
              "adapters",
              "--mix",
              "fixed",
              "--requests",
              "3",
              "--adapters",
              "2",
              "--rank",
              "4",
              "--rounds",
              "1"),
          model,
          result);
    }
    assertThat(result.get("tokens").asInt()).isEqualTo(3 * 192);
    assertThat(result.get("cached").get("tokens").asInt()).isEqualTo(3 * 32);
    // Two layers of q, k, v, o and three of the MLP, four columns and rows each.
    assertThat(result.get("adapter_bytes").asLong())
        .isEqualTo(4L * 2 * 4 * (4 * (64 + 64) + 3 * (64 + 96)));
    for (String step : new String[] {"base_step_ms", "adapted_step_ms", "merged_steps_ms"}) {
      assertThat(result.get(step).asDouble()).isPositive();
      assertThat(result.get("cached").get(step).asDouble()).isPositive();
    }
  }
}
