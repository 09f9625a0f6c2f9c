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
    assertThat(SlotPlan.topics("mini", 4, 1))
        .containsExactly(
            Set.of(INTERACTIVE), Set.of(INTERACTIVE), Set.of(INTERACTIVE), Set.of(BULK));
  }

  @Test
  void singleSlotServesBoth() {
    assertThat(SlotPlan.topics("mini", 1, 1)).containsExactly(Set.of(INTERACTIVE, BULK));
  }

  @Test
  void classWithoutASlotIsRefused() {
    assertThatThrownBy(() -> SlotPlan.topics("mini", 3, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unmask.sampler.bulk-slots is 3");
    assertThatThrownBy(() -> SlotPlan.topics("mini", 3, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
