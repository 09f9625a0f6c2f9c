package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.PackedBatch.Segment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segments with a cache against whole rows. */
class KeyValueCacheTest {

  private static final int LENGTH = 40;
  private static final int FROM = 16;
  private static final int TO = 24;

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    RandomModel.write(folder, ForwardPropertiesTest.SHAPE, ElementType.F32, 1.5, 3);
    model = LoadedModel.load(folder, Precision.F32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void fillingACacheGivesWhatARowWithoutOneGives() {
    int[] ids = ids(1);
    try (KeyValueCache cache = model.newCache(LENGTH)) {
      assertThat(logits(new Segment(ids, 0, slots(0, LENGTH), cache, LENGTH)))
          .isEqualTo(logits(new Segment(ids, 0, slots(0, LENGTH), null, LENGTH)));
    }
  }

  @Test
  void anUnchangedRowGivesTheSameFromAnySegment() {
    int[] ids = ids(2);
    try (KeyValueCache cache = model.newCache(LENGTH)) {
      float[] whole = logits(new Segment(ids, 0, slots(FROM, TO), cache, LENGTH));

      assertThat(error(logits(part(ids, FROM, TO, cache, LENGTH)), whole)).isLessThan(2e-6);
      assertThat(error(logits(part(ids, FROM, LENGTH, cache, LENGTH)), whole)).isLessThan(2e-6);
    }
  }

  @Test
  void theFirstBlockOfTheNetworkSeesTheNewTokensAndTheOthersStaleOnes() {
    int[] ids = ids(3);
    try (KeyValueCache cache = model.newCache(LENGTH)) {
      float[] before = logits(new Segment(ids, 0, slots(FROM, TO), cache, LENGTH));
      ids[FROM] = (ids[FROM] + 1) % 80;
      float[] exact = logits(new Segment(ids, 0, slots(FROM, TO), null, LENGTH));
      float[] cached = logits(part(ids, FROM, TO, cache, LENGTH));

      assertThat(error(cached, before)).isGreaterThan(1e-2);
      assertThat(error(cached, exact)).isGreaterThan(1e-6).isLessThan(error(before, exact));
    }
  }

  @Test
  void aWholeRowWrittenAgainMakesTheCacheExact() {
    int[] ids = ids(4);
    try (KeyValueCache cache = model.newCache(LENGTH)) {
      float[] stale = logits(new Segment(ids, 0, slots(FROM, TO), cache, LENGTH));
      ids[3] = (ids[3] + 1) % 80;
      float[] exact = logits(new Segment(ids, 0, slots(FROM, TO), null, LENGTH));
      assertThat(error(stale, exact)).isGreaterThan(1e-3);

      float[] again = logits(new Segment(ids, 0, slots(FROM, TO), cache, LENGTH));
      assertThat(again).isEqualTo(exact);
    }
  }

  @Test
  void keysBehindTheLimitAreNotSeen() {
    int[] ids = ids(5);
    int[] shorter = Arrays.copyOf(ids, TO);
    try (KeyValueCache cache = model.newCache(LENGTH)) {
      float[] unused = logits(new Segment(ids, 0, slots(FROM, TO), cache, LENGTH));
      // Filled again by the row up to TO: what stands behind keeps its old keys and must not count.
      float[] expected = logits(new Segment(shorter, 0, slots(FROM, TO), null, TO));
      float[] filled = logits(new Segment(shorter, 0, slots(FROM, TO), cache, TO));

      assertThat(error(filled, expected)).isLessThan(2e-6);
      assertThat(error(unused, expected)).isGreaterThan(1e-3);
    }
  }

  @Test
  void rowsWithAndWithoutCachesShareAPass() {
    int[] one = ids(6);
    int[] two = ids(7);
    try (KeyValueCache first = model.newCache(LENGTH);
        KeyValueCache second = model.newCache(LENGTH + 9)) {
      float[] oneAlone = logits(new Segment(one, 0, slots(FROM, TO), first, LENGTH));
      float[] twoAlone = logits(new Segment(two, 0, slots(FROM, TO), second, LENGTH));
      PackedBatch batch = new PackedBatch();
      batch.add(part(one, FROM, TO, first, LENGTH));
      batch.add(two, slots(FROM, TO));
      batch.add(part(two, FROM, LENGTH, second, LENGTH));
      float[] together = logits(batch);

      int third = together.length / 3;
      assertThat(error(Arrays.copyOfRange(together, 0, third), oneAlone)).isLessThan(2e-6);
      assertThat(error(Arrays.copyOfRange(together, third, 2 * third), twoAlone)).isLessThan(2e-6);
      assertThat(error(Arrays.copyOfRange(together, 2 * third, 3 * third), twoAlone))
          .isLessThan(2e-6);
    }
  }

  @Test
  void aSegmentHasToFitItsRowAndItsCache() {
    int[] ids = ids(8);
    try (KeyValueCache cache = model.newCache(20)) {
      assertThat(cache.bytes()).isEqualTo(2L * 2 * 20 * 2 * 16 * 4);
      assertThatThrownBy(() -> new Segment(ids, 4, new int[] {5}, null, 44))
          .hasMessageContaining("needs a cache");
      assertThatThrownBy(() -> new Segment(ids, 0, new int[] {5}, cache, 40))
          .hasMessageContaining("40 of 20 positions");
      assertThatThrownBy(() -> new Segment(new int[5], 10, new int[] {9}, cache, 20))
          .hasMessageContaining("slot 9 is not in a sequence of positions 10 to 14");
      PackedBatch batch = new PackedBatch();
      batch.add(new Segment(new int[5], 10, new int[] {10}, cache, 20));
      assertThat(batch.rows(0)).containsExactly(0);
      assertThatThrownBy(() -> batch.rows(1)).hasMessageContaining("the row before it");
    }
  }

  private static Segment part(int[] ids, int from, int to, KeyValueCache cache, int keys) {
    return new Segment(Arrays.copyOfRange(ids, from, to), from, slots(FROM, TO), cache, keys);
  }

  private static int[] slots(int from, int to) {
    return IntStream.range(from, to).toArray();
  }

  private static int[] ids(int seed) {
    return new Random(seed).ints(LENGTH, 0, 80).toArray();
  }

  private static double error(float[] got, float[] expected) {
    return ArrayError.relative(got, expected);
  }

  private static float[] logits(Segment segment) {
    PackedBatch batch = new PackedBatch();
    batch.add(segment);
    return logits(batch);
  }

  private static float[] logits(PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return model.logits(manager, batch).toFloatArray();
    }
  }
}
