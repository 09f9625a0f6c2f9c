package dev.unmask.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.DeviceTextTest;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Attention;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The device's bench, on the processor. */
final class DeviceStepsTest {

  private static final ModelConfig CONFIG =
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

  @Test
  void theFiguresOfARunFitTogether() throws Exception {
    LoadedModel.Way way =
        new LoadedModel.Way(Precision.F32, Attention.FUSED, Kernels.STAGED, Device.cpu());
    ObjectNode result = new ObjectMapper().createObjectNode();
    try (LoadedModel model = LoadedModel.random(CONFIG, way, 1)) {
      new EngineBench(
              BenchOptions.parse(
                  "--mix", "fixed", "--requests", "3", "--rounds", "1", "--seconds", "0.05"),
              model)
          .run(result);
    }
    assertThat(result.get("tokens_per_second").asDouble()).isPositive();
    JsonNode cached = result.get("one_cached");
    assertThat(result.get("full").get("rows").asInt()).isEqualTo(3 * 192);
    assertThat(result.get("cached").get("rows").asInt()).isEqualTo(3 * 32);
    assertThat(cached.get("rows").asInt()).isEqualTo(32);
    // By hand: q and o 64 x 64, k and v 32 x 64, MLP 3 x 64 x 96, norms; the head; 192 keys and
    // values of 32 numbers in two layers.
    double numbers =
        2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 96 + 2 * 64) + 64 + 64 * 256 + 192 * 2 * 2 * 32;
    assertThat(cached.get("read_gb").asDouble())
        .isCloseTo(numbers * Float.BYTES / 1e9, Offset.offset(1e-6));
    for (String name : new String[] {"full", "cached", "one", "one_cached"}) {
      JsonNode step = result.get(name);
      double floor =
          Math.max(
              step.get("floor_products_ms").asDouble(), step.get("floor_memory_ms").asDouble());
      assertThat(step.get("floor_ratio").asDouble())
          .isCloseTo(floor / step.get("step_ms").asDouble(), Offset.offset(0.01));
      assertThat(step.get("host_ms").asDouble()).isLessThan(step.get("step_ms").asDouble());
    }
  }

  @Test
  void ratesAreMeasuredOnTheDevice() {
    assertThat(DeviceTextTest.faults(DeviceRates.text(new Device.Cuda(0), Precision.BF16)))
        .isEmpty();
  }

  @Test
  void whatDoesNotFitIsRefusedWithTheNumbers() {
    BenchOptions options = BenchOptions.parse("--size", "8b", "--requests", "16");
    LoadedModel.Way way =
        new LoadedModel.Way(Precision.F32, Attention.FUSED, Kernels.STAGED, Device.cpu());

    assertThatThrownBy(() -> BenchRoom.require(options, way, 24_000_000_000L))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--size 8b in f32 needs about")
        .hasMessageContaining("on cpu (weights 32.1 GB, a step of")
        .hasMessageContaining("but 24.0 GB are free");
    assertThatCode(() -> BenchRoom.require(options, way, 60_000_000_000L))
        .doesNotThrowAnyException();
  }

  @Test
  void theLargestSizeIsLladas() {
    // 8,015,581,184 parameters, as its files have.
    assertThat(BenchSize.B8.config().parameterCount()).isEqualTo(8_015_581_184L);
  }
}
