package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fast path against the plain one, on what only the fast one treats apart. */
class PackedForwardTest {

  private static final double LIMIT = 3e-6;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(Attention.class)
  void chunksGroupsAndAnyOrderOfAskedRows(Attention attention) throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE.changed().contextLength(1024).build();
    RandomModel.write(folder, config, ElementType.F32, 1.5, 11);
    Random random = new Random(2);
    PackedBatch batch = new PackedBatch();
    for (int length : new int[] {1, 17, 300, 250, 700, 16, 5}) {
      int[] slots =
          length == 16
              ? new int[0]
              : random.ints(Math.min(9, length), 0, length).distinct().toArray();
      batch.add(random.ints(length, 0, 90).toArray(), slots);
    }
    try (Pair pair = new Pair(config, attention)) {
      pair.compare(batch, batch);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void cachesHoldTheSame(int kvHeads) throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE.changed().kvHeads(kvHeads).build();
    RandomModel.write(folder, config, ElementType.F32, 1.5, 12);
    Random random = new Random(3);
    int[] lengths = {40, 100, 64};
    try (Pair pair = new Pair(config, Attention.FUSED)) {
      List<KeyValueCache> plain = new ArrayList<>();
      List<KeyValueCache> packed = new ArrayList<>();
      for (int length : lengths) {
        plain.add(pair.plain.newCache(length));
        packed.add(pair.packed.newCache(length));
      }
      for (int from : new int[] {0, 32, 8, 32}) {
        PackedBatch one = new PackedBatch();
        PackedBatch other = new PackedBatch();
        for (int i = 0; i < lengths.length; i++) {
          int to = from == 8 ? 24 : lengths[i];
          int[] ids = random.ints(to - from, 0, 90).toArray();
          int[] slots = IntStream.range(from, to).filter(slot -> slot % 3 == 0).toArray();
          one.add(new PackedBatch.Segment(ids, from, slots, plain.get(i), lengths[i]));
          other.add(new PackedBatch.Segment(ids, from, slots, packed.get(i), lengths[i]));
        }
        pair.compare(one, other);
      }
      plain.forEach(KeyValueCache::close);
      packed.forEach(KeyValueCache::close);
    }
  }

  /** Padding is longer than the row, and than the table of rotations. */
  @Test
  void aContextShorterThanThePadding() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE.changed().contextLength(4).build();
    RandomModel.write(folder, config, ElementType.F32, 1.5, 14);
    PackedBatch batch = new PackedBatch();
    batch.add(new int[] {7, 3, 9}, new int[] {0, 2});
    try (Pair pair = new Pair(config, Attention.FUSED)) {
      pair.compare(batch, batch);
    }
  }

  @Test
  void aRowDoesNotFeelItsNeighbours() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE;
    RandomModel.write(folder, config, ElementType.F32, 1.5, 13);
    Random random = new Random(4);
    int[] ids = random.ints(33, 0, 90).toArray();
    int[] slots = IntStream.range(0, 33).toArray();
    PackedBatch alone = new PackedBatch();
    alone.add(ids, slots);
    try (Pair pair = new Pair(config, Attention.FUSED)) {
      float[] expected = logits(pair.packed, alone);
      for (int neighbours = 1; neighbours < 20; neighbours++) {
        PackedBatch batch = new PackedBatch();
        for (int i = 0; i < neighbours; i++) {
          batch.add(random.ints(1 + random.nextInt(100), 0, 90).toArray(), new int[0]);
        }
        batch.add(ids, slots);
        assertThat(ArrayError.relative(logits(pair.packed, batch), expected)).isLessThan(LIMIT);
      }
    }
  }

  private static float[] logits(LoadedModel model, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return model.logits(manager, batch).toFloatArray();
    }
  }

  /** The same weights both ways. */
  private final class Pair implements AutoCloseable {
    private final LoadedModel plain;
    private final LoadedModel packed;

    Pair(ModelConfig config, Attention attention) throws Exception {
      plain = LoadedModel.load(folder, config, Precision.F32, attention, Kernels.PLAIN);
      packed = LoadedModel.load(folder, config, Precision.F32, attention, Kernels.PREPACKED);
    }

    void compare(PackedBatch forPlain, PackedBatch forPacked) {
      float[] expected = logits(plain, forPlain);
      assertThat(ArrayError.relative(logits(packed, forPacked), expected)).isLessThan(LIMIT);
    }

    @Override
    public void close() {
      plain.close();
      packed.close();
    }
  }
}
