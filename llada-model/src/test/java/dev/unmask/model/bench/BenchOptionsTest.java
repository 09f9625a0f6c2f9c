package dev.unmask.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.sampling.Caching;
import dev.unmask.model.torch.DeviceChoice;
import dev.unmask.model.transformer.Kernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BenchOptionsTest {

  @Test
  void everyOptionIsTaken() {
    BenchOptions options =
        BenchOptions.parse(
            ("--size 135m --requests 64 --device cuda:1 --path plain --cache dual --threshold 0.9 --mix fixed"
                    + " --temperature 0.5 --rounds 2 --seconds 0 --mode slots")
                .split(" ", -1));

    assertThat(options.size()).isEqualTo(BenchSize.M135);
    assertThat(options.requests()).isEqualTo(64);
    assertThat(options.kernels()).isEqualTo(Kernels.PLAIN);
    assertThat(options.device()).isEqualTo(new DeviceChoice.OnlyCuda(1));
    assertThat(options.caching().kind()).isEqualTo(Caching.Kind.DUAL);
    assertThat(options.threshold()).isEqualTo(0.9);
    assertThat(options.mixed()).isFalse();
    assertThat(options.temperature()).isEqualTo(0.5);
    assertThat(options.rounds()).isEqualTo(2);
    assertThat(options.seconds()).isZero();
    assertThat(options.mode()).isEqualTo(BenchOptions.Mode.SLOTS);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --size 9b          | --size is 9b; it must be mini, 135m, 1b or 8b
          --requests 0       | --requests is 0; it must be between 1 and 1024
          --requests many    | --requests is many, which is not a number
          --threshold NaN    | --threshold is NaN; it must be between 0 and 1
          --cache all        | --cache is all; it must be none, prefix or dual
          --mix some         | --mix is some; it must be fixed or mixed
          --path fast        | --path is fast; it must be auto, packed, plain or staged
          --device tpu       | the device is tpu; it must be auto, cpu, cuda or cuda:N
          --rounds           | --rounds lacks its value
          --speed 9          | --speed is not an option
          """)
  void aWrongOptionIsRefusedInASentence(String args, String sentence) {
    assertThatThrownBy(() -> BenchOptions.parse(args.split(" ", -1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(sentence);
  }
}
