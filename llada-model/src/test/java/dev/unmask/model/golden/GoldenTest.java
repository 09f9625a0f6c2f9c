package dev.unmask.model.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.golden.GoldenVerdict.Verdict;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GoldenTest {

  private static final Path CASES = Path.of("src/test/resources/golden");

  @ParameterizedTest
  @EnumSource(names = {"ORACLE", "PACKED", "STAGED"})
  void everyCanvasEqualsTheReference(GoldenPath path) throws Exception {
    List<GoldenVerdict> verdicts =
        GoldenRunner.standard().run(List.of(CASES), List.of(path), Set.of("forward", "generate"));

    assertThat(verdicts).filteredOn(v -> v.verdict() == Verdict.FAIL).isEmpty();
    // 6 forward passes; 21 + 21 + 13 canvases.
    assertThat(verdicts).filteredOn(v -> v.verdict() == Verdict.PASS).hasSize(61);
    assertThat(verdicts).hasSize(61);
  }

  @ParameterizedTest
  @EnumSource(names = {"ORACLE", "PACKED", "STAGED"})
  void likelihoodsOverTheRecordedMasksAreTheReferences(GoldenPath path) throws Exception {
    List<GoldenVerdict> verdicts =
        GoldenRunner.standard().run(List.of(CASES), List.of(path), Set.of("likelihood"));

    assertThat(verdicts)
        .hasSize(8)
        .allSatisfy(v -> assertThat(v.verdict()).as(v.toString()).isEqualTo(Verdict.PASS));
  }

  @org.junit.jupiter.api.Test
  void lossesGradientsAndOptimizerAreTheReferences() throws Exception {
    List<GoldenVerdict> verdicts =
        GoldenRunner.standard()
            .run(
                List.of(CASES),
                List.of(GoldenPath.PACKED),
                Set.of("pretrain_loss", "sft_loss", "adamw"));

    assertThat(verdicts)
        .hasSize(6)
        .allSatisfy(v -> assertThat(v.verdict()).as(v.toString()).isEqualTo(Verdict.PASS));
  }
}
