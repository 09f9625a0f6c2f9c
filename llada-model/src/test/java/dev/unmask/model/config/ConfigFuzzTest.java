package dev.unmask.model.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.fuzz.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Mutated config.json files: read as a possible shape, or refused. */
class ConfigFuzzTest {

  @Test
  @Timeout(900)
  void configsAreReadOrRefused() throws Exception {
    List<byte[]> seeds = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of("src/test/resources"))) {
      for (Path file : files.filter(f -> f.endsWith(ModelConfig.FILE_NAME)).toList()) {
        seeds.add(Files.readAllBytes(file));
      }
    }
    for (Layout layout : Layout.values()) {
      seeds.add(example(layout).toJson("float32").getBytes(StandardCharsets.UTF_8));
    }
    assertThat(seeds).hasSizeGreaterThan(8);

    Fuzzing.Tally tally =
        Fuzzing.run(
            "config",
            seeds,
            bytes -> {
              ModelConfig config = ModelConfig.parse(new String(bytes, StandardCharsets.UTF_8));
              assertThat(config.parameterCount()).isPositive();
              assertThat(config.attentionWidth()).isPositive();
              assertThat(config.kvWidth()).isPositive();
              assertThat(config.heads() % config.kvHeads()).isZero();
              assertThat(config.ropeTheta()).isFinite().isPositive();
              assertThat(config.normEpsilon()).isFinite().isNotNegative();
              assertThat(config.tokens().mask()).isBetween(0, config.embeddingSize() - 1);
            });

    assertThat(tally.accepted()).isGreaterThan(tally.mutations() / 100);
    assertThat(tally.refused()).isGreaterThan(tally.mutations() / 10);
  }

  private static ModelConfig example(Layout layout) {
    ModelShape shape =
        ModelConfig.shape(layout)
            .width(64)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .mlpWidth(96)
            .vocabularySize(90)
            .contextLength(64)
            .tokens(89, 88, -1);
    return switch (layout) {
      case LLADA, MMADA -> shape.build();
      case ILLADA -> shape.tiedHead(true).build();
      case DREAM -> shape.qkvBias(true).logitShift(1).build();
      case AUTOREGRESSIVE -> shape.logitShift(1).mask(new AttentionMask.Causal()).build();
      case BLOCK_CAUSAL -> shape.mask(new AttentionMask.BlockCausal(8)).build();
    };
  }
}
