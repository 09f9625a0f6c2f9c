package dev.unmask.sft.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MatchTest {

  @ParameterizedTest
  @CsvSource({
    "EXACT,'The Paris.',Paris,true",
    "EXACT,'It is Paris.',Paris,false",
    "CONTAINS,'It is Paris.',Paris,true",
    "CONTAINS,'It is Parisian.',Paris,false",
    "NUMERIC,'So 3 + 4 = 7.',7,true",
    "NUMERIC,'7 or 8',7,false",
    "NUMERIC,'\"1,200 dollars\"',1200.0,true",
    "NUMERIC,'It is -5',-5,true",
    "NUMERIC,'pages 3-5',5,true",
    "NUMERIC,'none',5,false"
  })
  void answersAreCompared(Match match, String answer, String target, boolean right) {
    assertThat(match.right(answer, List.of(target))).isEqualTo(right);
  }

  @ParameterizedTest
  @CsvSource({"42,NUMERIC", "'-1,000.5',NUMERIC", "Paris,CONTAINS", "'4 apples',CONTAINS"})
  void numbersAreComparedAsNumbers(String target, Match suited) {
    assertThat(Match.suited(List.of(target))).isEqualTo(suited);
  }
}
