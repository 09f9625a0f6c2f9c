package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class StagedPlanTest {

  @Test
  void rowsOfOneLengthStandTogetherAndAskedRowsKeepTheirOrder() {
    PackedBatch batch = new PackedBatch();
    batch.add(new int[] {10, 11, 12}, new int[] {2, 0});
    batch.add(new int[] {20}, new int[] {0});
    batch.add(new int[] {30, 31, 32}, new int[] {1});

    StagedPlan plan = StagedPlan.of(batch, 0, true);

    assertThat(plan.ids()).containsExactly(20, 10, 11, 12, 30, 31, 32);
    assertThat(plan.positions()).containsExactly(0, 0, 1, 2, 0, 1, 2);
    assertThat(plan.rows()).containsExactly(3, 1, 0, 5);
    assertThat(plan.lengths()).containsExactly(1, 3, 3);
    assertThat(plan.runs()).containsExactly(1, 2);
  }

  @Test
  void aMaskKeepsEveryRowByItself() {
    PackedBatch batch = new PackedBatch();
    batch.add(new int[] {10, 11, 12}, new int[] {2});
    batch.add(new int[] {20}, new int[] {0});
    batch.add(new int[] {30, 31, 32}, new int[] {1});

    StagedPlan plan = StagedPlan.of(batch, 1, false);

    assertThat(plan.ids()).isEqualTo(batch.ids());
    assertThat(plan.rows()).isEqualTo(batch.rows(1));
    assertThat(plan.runs()).containsExactly(1, 1, 1);
  }

  @Test
  void anEmptyAskIsNoTrouble() {
    PackedBatch batch = new PackedBatch();
    batch.add(IntStream.range(0, 5).toArray(), new int[0]);
    assertThat(StagedPlan.of(batch, 0, true).rows()).isEmpty();
  }
}
