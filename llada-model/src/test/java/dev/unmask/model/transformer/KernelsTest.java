package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class KernelsTest {

  @Test
  void aCopyMayTakeAQuarterOfTheMemory() {
    assertThat(Kernels.suited(4, 16, true)).isEqualTo(Kernels.PREPACKED);
    assertThat(Kernels.suited(5, 16, true)).isEqualTo(Kernels.PLAIN);
  }

  @Test
  void withoutOneDnnThereIsNothingToPackFor() {
    assertThat(Kernels.suited(1, 16, false)).isEqualTo(Kernels.PLAIN);
  }

  @Test
  void matricesOfBlocksAreCountedAndNothingElse() {
    // q 64x64, k and v 32x64, o 64x64, gate, up and down 128x64, in two blocks.
    assertThat(Kernels.matrixNumbers(ForwardPropertiesTest.SHAPE))
        .isEqualTo(2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64));
  }

  @Test
  void labelsAreRead() {
    for (Kernels kernels : Kernels.values()) {
      assertThat(Kernels.parse(kernels.label())).isEqualTo(kernels);
    }
    assertThatThrownBy(() -> Kernels.parse("fast"))
        .hasMessage("the kernels are fast; they must be plain or prepacked");
  }
}
