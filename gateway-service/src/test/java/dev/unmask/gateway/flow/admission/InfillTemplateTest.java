package dev.unmask.gateway.flow.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.InfillPart;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InfillTemplateTest {

  @ParameterizedTest
  @CsvSource({
    "The[[3]] sat., The|3| sat.",
    "[[1]][[2]], 1|2",
    "a [[b]] [5] [[]] [[-1]] c, a [[b]] [5] [[]] [[-1]] c",
    "[[007]]x, 7|x",
    "[[[2]]], [|2|]",
    "[[9999999999]], [[9999999999]]",
  })
  void gapsAreCutOutAndTheRestStaysToTheLetter(String template, String parts) {
    assertThat(
            String.join(
                "|",
                InfillTemplate.parts(template).getPartsList().stream()
                    .map(InfillTemplateTest::shown)
                    .toList()))
        .isEqualTo(parts);
  }

  @Test
  void spacesAroundGapsStay() {
    assertThat(InfillTemplate.parts(" a [[2]] \n").getPartsList())
        .extracting(InfillPart::getText)
        .containsExactly(" a ", "", " \n");
  }

  private static String shown(InfillPart part) {
    return part.getPartCase() == InfillPart.PartCase.GAP
        ? String.valueOf(part.getGap())
        : part.getText();
  }
}
