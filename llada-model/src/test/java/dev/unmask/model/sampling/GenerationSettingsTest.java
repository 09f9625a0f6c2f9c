package dev.unmask.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    InvalidSettingsException e =
        refusal(
            genLength,
            blockLength,
            new Decoding.Quota(steps),
            Remasking.LOW_CONFIDENCE,
            temperature,
            cfgScale);
    assertThat(e.field()).isEqualTo(field);
    assertThat(e).hasMessage(sentence);
  }

  @Test
  void refusesThresholdsThatMeanNothing() {
    assertThat(refusal(8, 8, new Decoding.Threshold(1.5), Remasking.LOW_CONFIDENCE, 0, 0).field())
        .isEqualTo("threshold");
    assertThat(refusal(8, 8, new Decoding.Threshold(0.5), Remasking.RANDOM, 0, 0).field())
        .isEqualTo("remasking");
  }

  private static InvalidSettingsException refusal(
      int genLength,
      int blockLength,
      Decoding decoding,
      Remasking remasking,
      double temperature,
      double cfgScale) {
    return catchThrowableOfType(
        InvalidSettingsException.class,
        () ->
            new GenerationSettings(
                genLength,
                blockLength,
                decoding,
                remasking,
                temperature,
                cfgScale,
                0,
                true,
                false,
                false));
  }
}
