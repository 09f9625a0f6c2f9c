package dev.unmask.cli.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.TestSession;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BenchEngineTest {

  @TempDir private Path home;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --sweep rows                  | 2 | --sweep is rows; it must be slots
          --processes 0                 | 2 | --processes is 0; it must be between 1 and 64
          --processes 2 --reference     | 2 | give one of --sweep, --processes, --adapters and --reference
          --reference --probes 0        | 2 | --probes is 0; it must be at least 1
          --reference --canvas 40       | 2 | --canvas is 40; it must be a multiple of 32
          --record                      | 1 | has no folder docs
          --size mini                   | 1 | start this command with the ./unmask script
          """)
  void whatCannotBeMeasuredIsSaidInASentence(String args, int exit, String sentence) {
    TestSession cli = new TestSession(home);

    assertThat(cli.run(("bench engine " + args).split(" ", -1))).isEqualTo(exit);

    assertThat(cli.err()).contains(sentence).doesNotContain("Exception");
    assertThat(cli.out()).isEmpty();
  }
}
