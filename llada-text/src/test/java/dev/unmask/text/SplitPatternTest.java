package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which patterns may reach the native library. */
class SplitPatternTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*"
            + "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "\\d{1,3}(?=(?:\\d{3})*\\b)",
        "(ab)+c",
        "[一-龥ࠀ-一가-퟿]+"
      })
  void formsOfPublishedTokenizersPass(String pattern) {
    assertThat(SplitPattern.refusal(pattern)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a+)+b",
        "(a|aa)+b",
        "(a{1,2})*b",
        "(a{3}*)*b",
        "((a)?)*b",
        "((a*))+b",
        "a*a*b",
        "(?:\\d{3})*(?:\\d{3})*x",
        "(a)\\g<1>"
      })
  void formsThatRetryWithoutEndDoNot(String pattern) {
    assertThat(SplitPattern.refusal(pattern)).isPresent();
  }
}
