package dev.unmask.cli.bench.limits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LiveHeapTest {

  @Test
  void whatFillsGapsIsReachedByNobody() {
    String histogram =
        """
        4711:
         num     #instances         #bytes  class name (module)
        -------------------------------------------------------
           1:        384446       19560360  [B (java.base@25.0.3)
           2:          2199        8635680  [Ljdk.internal.vm.FillerElement; (java.base@25.0.3)
           3:             2             32  jdk.internal.vm.FillerObject (java.base@25.0.3)
        Total        386647       28196072
        """;

    assertThat(LiveHeap.reached(histogram)).hasValue(19_560_360L);
  }

  @Test
  void anAnswerWithoutATotalIsNone() {
    assertThat(LiveHeap.reached("4711:\nThe process does not answer\n")).isEmpty();
  }
}
