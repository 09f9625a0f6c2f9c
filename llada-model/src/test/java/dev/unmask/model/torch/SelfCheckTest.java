package dev.unmask.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SelfCheckTest {

  @Test
  void acceptsTheLibraryOfThisBuild() {
    SelfCheck.Report report = SelfCheck.run();

    assertThat(report.libtorch()).startsWith("2.7.1");
    assertThat(report.djl()).isEqualTo("0.35.1");
    assertThat(report.mappedInPlace()).isTrue();
    assertThat(report.attentionError()).isBetween(0.0, 1e-5);
    // bfloat16 has eight bits: no difference at all would mean that it was not used.
    assertThat(report.halfAttentionError()).isBetween(1e-5, 0.05);
    assertThat(report.toString()).contains("libtorch=2.7.1", "mapped_in_place=true");
  }

  @Test
  void refusesAnotherVersionAndSaysWhichIsNeeded() {
    assertThatThrownBy(() -> SelfCheck.checkVersions("2.5.1", "0.35.1"))
        .isInstanceOf(UnusableLibraryException.class)
        .hasMessage("libtorch is version 2.5.1; this build needs 2.7.1");
    assertThatThrownBy(() -> SelfCheck.checkVersions("2.7.10", "0.35.1"))
        .isInstanceOf(UnusableLibraryException.class);
    assertThatThrownBy(() -> SelfCheck.checkVersions("2.7.1", "0.36.0"))
        .hasMessage("the JNI layer is of DJL 0.36.0; this build needs 0.35.1");
    assertThatCode(() -> SelfCheck.checkVersions("2.7.1+cpu", "0.35.1")).doesNotThrowAnyException();
  }

  @Test
  void refusesThreadsThatWereNotAskedFor() {
    String property = "unmask.test.threads";
    System.setProperty(property, "1");
    try {
      assertThatThrownBy(() -> SelfCheck.checkThreads(property, 2))
          .isInstanceOf(UnusableLibraryException.class)
          .hasMessage("unmask.test.threads is 1, but libtorch uses 2 threads");
      assertThatCode(() -> SelfCheck.checkThreads(property, 1)).doesNotThrowAnyException();
    } finally {
      System.clearProperty(property);
    }
  }
}
