package dev.unmask.sft.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class ProbeCheckTest {

  @Test
  void findsTheAcceptedWordsWhateverStandsAround() {
    assertThat(ProbeCheck.accepts("The capital of France is Paris.", List.of("Paris"))).isTrue();
    assertThat(ProbeCheck.accepts("PARIS!!", List.of("paris"))).isTrue();
    assertThat(ProbeCheck.accepts("It is Brasília.", List.of("Brasilia"))).isTrue();
    assertThat(ProbeCheck.accepts("Manila is in Philippines", List.of("the Philippines"))).isTrue();
    assertThat(ProbeCheck.accepts("3, 4, 5.", List.of("3 4 5"))).isTrue();
    assertThat(ProbeCheck.accepts("It is the Seine", List.of("Loire", "Seine"))).isTrue();
  }

  @Test
  void wholeWordsOnly() {
    assertThat(ProbeCheck.accepts("7 plus 5 is 12.", List.of("is 1"))).isFalse();
    assertThat(ProbeCheck.accepts("The symbol is Fe.", List.of("F"))).isFalse();
    assertThat(ProbeCheck.accepts("", List.of("Paris"))).isFalse();
    assertThat(ProbeCheck.accepts("Paris", List.of("", "?!"))).isFalse();
    assertThat(ProbeCheck.accepts("Paris", List.of())).isFalse();
  }

  @Test
  void equalityAllowsNothingElse() {
    assertThat(ProbeCheck.equalsOne(" paris. ", List.of("Paris"))).isTrue();
    assertThat(ProbeCheck.equalsOne("It is Paris.", List.of("Paris"))).isFalse();
  }

  /** Letters, digits and signs of reckoning in small letters: what makes a question itself. */
  static String words(String question) {
    return question.toLowerCase(Locale.ROOT).replaceAll("[?.!,]+$", "");
  }
}
