package dev.unmask.sft.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.training.LossWeight;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentTest {

  /** What a toy reached. */
  private record Reached(double accuracy, double nats) {}

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aToyLearnsToCount(boolean causal) {
    Toy toy = new Toy(causal, 6, 5, 32, 1, 200, 32, 1e-2, LossWeight.UNIFORM);
    int[][] judged = new int[6][];
    for (int i = 0; i < judged.length; i++) {
      judged[i] = counting(i);
    }
    AtomicReference<Reached> last = new AtomicReference<>(new Reached(0, 99));
    toy.train(
        random -> counting(random.nextInt(6)),
        1,
        200,
        (step, model) ->
            last.set(new Reached(toy.accuracy(model, judged, 3), toy.nats(model, judged, 1))));
    assertThat(last.get().accuracy()).isEqualTo(1);
    assertThat(last.get().nats()).isLessThan(0.1);
  }

  private static int[] counting(int from) {
    int[] row = new int[5];
    for (int i = 0; i < row.length; i++) {
      row[i] = (from + i) % 6;
    }
    return row;
  }

  @Test
  void anIntervalIsStudents() {
    Point point = Point.over(7, List.of(1.0, 2.0, 3.0));
    assertThat(point.mean()).isEqualTo(2);
    assertThat(point.high()).isEqualTo(2 + 4.303 / Math.sqrt(3), within(1e-9));
    assertThat(Point.over(7, List.of(4.0)).low()).isEqualTo(4);
  }

  @Test
  void aPageHasItsPlotAndItsTable(@TempDir Path folder) throws Exception {
    Line line =
        new Line("a < b", List.of(new Point(1, 0.5, 0.4, 0.6), new Point(2, 0.7, 0.6, 0.8)));
    new Report(
            "some", "Is it so?", "So.", new Chart("Title", "steps", "share", false, List.of(line)))
        .write(folder);
    String svg = Files.readString(folder.resolve("some.svg"));
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    assertThat(svg).contains("a &lt; b").doesNotContain("NaN");
    assertThat(Files.readString(folder.resolve("some.md")))
        .contains("| 2 | 0.700 (0.600 to 0.800) |", "./unmask experiment some");
  }

  @Test
  void theChainsEntropyIsWhatItsRowsCost() {
    ChainData data = new ChainData();
    assertThat(data.nats(data.judged(2000))).isBetween(0.5, Math.log(ChainData.TOKENS));
  }

  @Test
  void unknownNamesAreRefused() {
    assertThat(ExperimentMain.run("magic")).isEqualTo(2);
    assertThat(ExperimentMain.run("bound", "--seeds", "1")).isEqualTo(2);
  }
}
