package dev.unmask.sampler.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;

class SlotPlanTest {

  private static final String INTERACTIVE = "unmask.generation.requests.mini.interactive";
  private static final String BULK = "unmask.generation.requests.mini.bulk";

  @Test
  void everyClassHasSlotsOfItsOwn() {
    assertThat(SlotPlan.of("mini", 4, 1))
        .containsExactly(
            new SlotPlan("interactive", Set.of(INTERACTIVE), 3),
            new SlotPlan("bulk", Set.of(BULK), 1));
  }

  @Test
  void singleSlotServesBoth() {
    assertThat(SlotPlan.of("mini", 1, 1))
        .containsExactly(new SlotPlan("interactive", Set.of(INTERACTIVE, BULK), 1));
  }

  @Test
  void classWithoutASlotIsRefused() {
    assertThatThrownBy(() -> SlotPlan.of("mini", 3, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unmask.sampler.bulk-slots is 3");
    assertThatThrownBy(() -> SlotPlan.of("mini", 3, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
