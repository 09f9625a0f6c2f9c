package dev.unmask.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class GenerationSettingsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0  | 1  | 4 | 0   | 0  | genLength    | the canvas length is 0; it must be at least 1
          32 | 12 | 4 | 0   | 0  | blockLength  | the block length is 12; it must divide the canvas length 32 evenly
          32 | 8  | 6 | 0   | 0  | steps        | the number of steps is 6; with 4 blocks it must be a multiple of 4
          32 | 32 | 0 | 0   | 0  | steps        | the number of steps is 0; with 1 block it must be at least 1
          32 | 8  | 8 | 4.5 | 0  | temperature  | the temperature is 4.5; it must be between 0 and 4.0
          32 | 8  | 8 | NaN | 0  | temperature  | the temperature is NaN; it must be between 0 and 4.0
          32 | 8  | 8 | 0   | -1 | cfgScale     | the guidance scale is -1.0; it must be 0 or more
          """)
  void refusesWithTheFieldAndASentence(
      int genLength,
      int blockLength,
      int steps,
      double temperature,
      double cfgScale,
      String field,
      String sentence) {
    GenerationSettings.Builder builder =
        GenerationSettings.builder(genLength, blockLength)
            .steps(steps)
            .temperature(temperature)
            .cfgScale(cfgScale);
    InvalidSettingsException e =
        catchThrowableOfType(InvalidSettingsException.class, builder::build);
    assertThat(e.field()).isEqualTo(field);
    assertThat(e).hasMessage(sentence);
  }

  static Stream<Arguments> combinations() {
    return Stream.of(
        refused(b -> b.threshold(1.5), "threshold", "between 0 and 1"),
        refused(b -> b.threshold(Double.NaN), "threshold", "between 0 and 1"),
        refused(b -> b.threshold(0.5).remasking(Remasking.RANDOM), "remasking", "give steps"),
        refused(b -> b.factor(1).remasking(Remasking.RANDOM), "remasking", "give steps"),
        refused(b -> b.factor(0), "factor", "it must be above 0"),
        refused(b -> b.decoding(new Decoding.EntropyBound(-1)), "gamma", "0 or more"),
        refused(b -> b.decoding(dream(3, DreamAlgorithm.ENTROPY, 0)), "steps", "multiple of 2"),
        refused(b -> b.decoding(dream(4, DreamAlgorithm.ENTROPY, -1)), "drawTemperature", "0 or"),
        refused(b -> b.decoding(dream(4, DreamAlgorithm.ORIGIN, 1)), "drawTemperature", "origin"),
        refused(b -> b.topP(0.9), "topP", "top_p belongs to Dream's sampler"),
        refused(b -> b.threshold(0.9).topK(5), "topK", "top_k belongs to Dream's sampler"),
        refused(b -> b.decoding(dream(4, DreamAlgorithm.ENTROPY, 0)).topP(0), "topP", "above 0"),
        refused(b -> b.decoding(dream(4, DreamAlgorithm.ENTROPY, 0)).topK(-1), "topK", "0, which"),
        refused(b -> b.caching(Caching.dual(-1)), "cacheRefresh", "it must be 0"),
        refused(
            b -> b.caching(new Caching(Caching.Kind.NONE, 2)), "cacheRefresh", "there is no cache"),
        refused(b -> b.draftSteps(17), "draftSteps", "between 0 and 16"),
        refused(b -> b.draftSteps(2).caching(Caching.dual(0)), "draftSteps", "write a cache"),
        refused(b -> b.draftSteps(2).remasking(Remasking.RANDOM), "draftSteps", "random orders"),
        refused(b -> b.lookaheadBlocks(-1), "lookaheadBlocks", "0 or more"),
        refused(
            b -> b.decoding(dream(4, DreamAlgorithm.TOPK_MARGIN, 0)).confidenceEosEotInf(true),
            "confidenceEosEotInf",
            "Dream's sampler"));
  }

  private static Arguments refused(
      UnaryOperator<GenerationSettings.Builder> change, String field, String part) {
    return Arguments.of(change, field, part);
  }

  private static Decoding dream(int steps, DreamAlgorithm algorithm, double drawTemperature) {
    return new Decoding.Dream(steps, algorithm, drawTemperature);
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void refusesEveryCombinationThatMeansNothing(
      UnaryOperator<GenerationSettings.Builder> change, String field, String part) {
    GenerationSettings.Builder builder = change.apply(GenerationSettings.builder(16, 8));

    InvalidSettingsException e =
        catchThrowableOfType(InvalidSettingsException.class, builder::build);
    assertThat(e.field()).isEqualTo(field);
    assertThat(e).hasMessageContaining(part);
  }

  @ParameterizedTest
  @EnumSource
  void presetsMakeSettingsAndExplainThem(Preset preset) {
    GenerationSettings settings = preset.applyTo(GenerationSettings.builder(64, 32)).build();

    assertThat(preset.explanation()).startsWith(preset.name().toLowerCase(Locale.ROOT) + ":");
    assertThat(settings.decoding())
        .isEqualTo(preset == Preset.QUALITY ? new Decoding.Quota(64) : new Decoding.Threshold(0.9));
    assertThat(settings.caching())
        .isEqualTo(preset == Preset.FAST ? Caching.dual(2) : Caching.NONE);
  }

  @Test
  void buildersCarryEverythingOver() {
    GenerationSettings settings =
        GenerationSettings.builder(32, 8)
            .decoding(dream(8, DreamAlgorithm.MASKGIT_PLUS, 0.5))
            .temperature(0.7)
            .topP(0.9)
            .topK(40)
            .cfgScale(1.5)
            .seed(11)
            .caching(Caching.prefix(4))
            .lookaheadBlocks(2)
            .eosEarlyExit(false)
            .logitsEosInf(true)
            .build();

    assertThat(settings.toBuilder().build()).isEqualTo(settings);
    // What does not go with the settings above.
    GenerationSettings random =
        GenerationSettings.builder(32, 8).steps(8).remasking(Remasking.RANDOM).build();
    GenerationSettings drafted =
        GenerationSettings.builder(32, 8).steps(8).draftSteps(2).confidenceEosEotInf(true).build();
    assertThat(random.toBuilder().build()).isEqualTo(random);
    assertThat(drafted.toBuilder().build()).isEqualTo(drafted);
  }
}
