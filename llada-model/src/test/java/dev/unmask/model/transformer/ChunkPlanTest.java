package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ChunkPlanTest {

  @Test
  void wholeSegmentsFillAChunk() {
    ChunkPlan plan = ChunkPlan.of(batch(200, 200, 112, 1, 700, 3), 0);

    // 512 tokens; then one alone, because 700 is more than fits behind it; then 700; then 3.
    assertThat(plan.ends()).containsExactly(3, 4, 5, 6);
    assertThat(plan.sizes()).containsExactly(512, 16, 704, 16);
  }

  @Test
  void askedRowsArePlacesInTheirChunk() {
    PackedBatch batch = new PackedBatch();
    batch.add(new int[300], new int[] {5, 299});
    batch.add(new int[200], new int[0]);
    batch.add(new int[100], new int[] {99, 0, 1});

    ChunkPlan plan = ChunkPlan.of(batch, 0);

    assertThat(plan.ends()).containsExactly(2, 3);
    assertThat(plan.asked()).containsExactly(2, 0, 3);
    assertThat(plan.askedSizes()).containsExactly(16, 16);
    assertThat(plan.rows()).startsWith(5, 299, 0).hasSize(32);
    assertThat(plan.rows()[16]).isEqualTo(99);
    assertThat(plan.rows()[17]).isEqualTo(0);
    assertThat(plan.rows()[18]).isEqualTo(1);
  }

  @Test
  void everyTokenOfRandomBatchesIsInItsPlace() {
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      PackedBatch batch = batch(random.ints(1 + random.nextInt(20), 1, 900).toArray());
      ChunkPlan plan = ChunkPlan.of(batch, 0);
      long[] packed = batch.ids();
      int id = 0;
      int from = 0;
      int first = 0;
      for (int c = 0; c < plan.ends().length; c++) {
        int count =
            batch.segments().subList(first, (int) plan.ends()[c]).stream()
                .mapToInt(s -> s.ids().length)
                .sum();
        assertThat(LongStream.of(plan.ids()).skip(id).limit(count).toArray())
            .isEqualTo(LongStream.of(packed).skip(from).limit(count).toArray());
        assertThat(plan.sizes()[c]).isEqualTo(ChunkPlan.rounded(count));
        id += (int) plan.sizes()[c];
        from += count;
        first = (int) plan.ends()[c];
      }
      assertThat(from).isEqualTo(packed.length);
      assertThat(plan.ids()).hasSize(id);
    }
  }

  @Test
  void fewRowCountsExist() {
    assertThat(IntStream.rangeClosed(1, 4096).map(ChunkPlan::rounded).distinct().count())
        .isEqualTo(512 / 16 + (4096 - 512) / 64);
    assertThat(IntStream.rangeClosed(1, 4096)).allMatch(n -> ChunkPlan.rounded(n) >= n);
  }

  private static PackedBatch batch(int... lengths) {
    PackedBatch batch = new PackedBatch();
    int next = 1;
    for (int length : lengths) {
      int first = next;
      batch.add(IntStream.range(first, first + length).toArray(), new int[] {length - 1});
      next += length;
    }
    return batch;
  }
}
