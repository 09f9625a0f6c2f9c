package dev.unmask.sampler.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.sampler.models.RoomPlan.Held;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoomPlanTest {

  private static final long MB = 1 << 20;

  @Test
  void newWeightsStandBesideTheOldOnesWhereBothFit() {
    assertThat(RoomPlan.of(40, 100, List.of(serving("old", 60)))).isEqualTo(new RoomPlan.Fits<>());
    assertThat(RoomPlan.of(40, 40, List.of())).isEqualTo(new RoomPlan.Fits<>());
  }

  @Test
  void whatDoesNotServeGoesFirstAndOnlyAsMuchAsNeeded() {
    List<Held<String>> held = List.of(spare("a", 20), spare("b", 20), serving("old", 50));
    assertThat(RoomPlan.of(20, 100, held)).isEqualTo(new RoomPlan.LetGo<>(List.of("a")));
    assertThat(RoomPlan.of(40, 100, held)).isEqualTo(new RoomPlan.LetGo<>(List.of("a", "b")));
  }

  @Test
  void whatServesGoesOnlyWhenNothingElseHelps() {
    assertThat(RoomPlan.of(60, 100, List.of(spare("a", 20), serving("old", 50))))
        .isEqualTo(new RoomPlan.Drain<>(List.of("a", "old")));
  }

  @Test
  void nothingMoreGoesWhileEnoughIsGoing() {
    assertThat(
            RoomPlan.of(60, 100, List.of(new Held<>("gone", 60, false, true), serving("old", 40))))
        .isEqualTo(new RoomPlan.Await<>());
  }

  @Test
  void whatCanNeverFitIsRefusedWithTheNumbers() {
    assertThat(RoomPlan.of(101 * MB, 100 * MB, List.of()))
        .isEqualTo(
            new RoomPlan.Never<>(
                "the weights need 101 MB, but this worker may hold 100 MB of weights; give it more"
                    + " (unmask.sampler.weights-memory), or serve smaller ones"));
  }

  private static Held<String> spare(String name, long bytes) {
    return new Held<>(name, bytes, false, false);
  }

  private static Held<String> serving(String name, long bytes) {
    return new Held<>(name, bytes, true, false);
  }
}
