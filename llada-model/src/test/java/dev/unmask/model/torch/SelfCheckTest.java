package dev.unmask.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SelfCheckTest {

  @Test
  void acceptsTheLibraryOfThisBuild() {
    assertThat(SelfCheck.run()).contains("libtorch=2.7.1");
  }

  @Test
  void refusesAnotherVersionAndSaysWhichIsNeeded() {
    assertThatThrownBy(() -> SelfCheck.checkVersion("2.5.1"))
        .isInstanceOf(UnusableLibraryException.class)
        .hasMessage("libtorch is version 2.5.1; this build needs 2.7.1");
    assertThatThrownBy(() -> SelfCheck.checkVersion("2.7.10"))
        .isInstanceOf(UnusableLibraryException.class);
    assertThatCode(() -> SelfCheck.checkVersion("2.7.1+cpu")).doesNotThrowAnyException();
  }
}
