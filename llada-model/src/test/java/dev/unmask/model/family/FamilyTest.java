package dev.unmask.model.family;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.reference.ReferenceNetwork;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.PackedBatch.Segment;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Network and oracle against float64 on a checkpoint of every form, packed with other rows. */
class FamilyTest {

  /** What float32 is held to everywhere: max|difference| / max|reference|. */
  private static final double FLOAT32 = 2e-5;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void property9AgreesWithFloat64(Member member) throws Exception {
    agrees(TinyCheckpoint.of(member));
  }

  @ParameterizedTest
  @EnumSource
  void property9AgreesWithFloat64FromBfloat16Shards(Member member) throws Exception {
    agrees(TinyCheckpoint.of(member).as(ElementType.BF16).inShards(3));
  }

  private void agrees(TinyCheckpoint checkpoint) throws Exception {
    checkpoint.write(folder);
    ModelConfig config = ModelConfig.load(folder);
    ReferenceNetwork reference = ReferenceNetwork.load(folder);
    int[][] rows = {ids(config, 23, 1), ids(config, 1, 2), ids(config, 64, 3), ids(config, 8, 4)};
    PackedBatch batch = new PackedBatch();
    for (int[] row : rows) {
      batch.add(row, all(row));
    }
    try (LoadedModel fused = LoadedModel.load(folder, Precision.F32);
        LoadedModel rounded =
            LoadedModel.load(folder, config, Precision.F32, Attention.FUSED_ROUNDED);
        LoadedModel products = LoadedModel.load(folder, config, Precision.F32, Attention.PRODUCTS);
        OraclePredictor oracle = OraclePredictor.load(folder, config)) {
      for (MaskPredictor predictor : new MaskPredictor[] {fused, rounded, products, oracle}) {
        float[] together = logits(predictor, batch);
        int from = 0;
        for (int[] row : rows) {
          float[] expected = flat(reference.logits(row), 0, row.length);
          float[] mine = Arrays.copyOfRange(together, from, from + expected.length);
          assertThat(ArrayError.relative(mine, expected))
              .as("%s, row of %d", predictor, row.length)
              .isLessThanOrEqualTo(FLOAT32);
          from += expected.length;
        }
      }
    }
  }

  /** The forms of a cached step: the whole row, its end (prefix cache), a stretch (dual cache). */
  @ParameterizedTest
  @EnumSource
  void cachedStretchesAgreeWithFloat64(Member member) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    ReferenceNetwork reference = ReferenceNetwork.load(folder);
    try (LoadedModel network = LoadedModel.load(folder, Precision.F32);
        OraclePredictor oracle = OraclePredictor.load(folder, config)) {
      for (MaskPredictor predictor : new MaskPredictor[] {network, oracle}) {
        int[] row = ids(config, 40, 5);
        ReferenceNetwork.Cache expected = reference.newCache(40);
        try (KeyValueCache cache = predictor.newCache(48)) {
          step(predictor, cache, reference, expected, row, 0, 40);
          change(row, config, 16, 24);
          step(predictor, cache, reference, expected, row, 15, 40);
          change(row, config, 16, 24);
          step(predictor, cache, reference, expected, row, 15, 24);
          change(row, config, 24, 40);
          step(predictor, cache, reference, expected, row, 23, 32);
        }
      }
    }
  }

  /** One stretch in a batch between two rows without caches. */
  private static void step(
      MaskPredictor predictor,
      KeyValueCache cache,
      ReferenceNetwork reference,
      ReferenceNetwork.Cache expectedCache,
      int[] row,
      int from,
      int to) {
    int[] ids = Arrays.copyOfRange(row, from, to);
    // The first slot of a stretch may be predicted by a row before it.
    int firstSlot = from == 0 ? 0 : from + 1;
    PackedBatch batch = new PackedBatch();
    batch.add(Arrays.copyOf(row, 7), new int[] {2});
    int first =
        batch.add(
            new Segment(ids, from, IntStream.range(firstSlot, to).toArray(), cache, row.length));
    batch.add(Arrays.copyOf(row, 11), new int[] {10});
    float[] all = logits(predictor, batch);
    int columns = reference.columns();
    float[] got = Arrays.copyOfRange(all, first * columns, (first + to - firstSlot) * columns);
    double[][] rows = reference.logits(ids, from, expectedCache, row.length);
    assertThat(ArrayError.relative(got, flat(rows, firstSlot - from, rows.length)))
        .as("stretch %d to %d", from, to)
        .isLessThanOrEqualTo(FLOAT32);
  }

  /** With attention by blocks, earlier blocks never change: the prefix cache is exact. */
  @org.junit.jupiter.api.Test
  void aBlockCausalModelNeedsItsEarlierBlocksOnlyOnce() throws Exception {
    TinyCheckpoint.of(Member.BLOCK_CAUSAL).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    int[] row = ids(config, 32, 6);
    double[][] whole = ReferenceNetwork.load(folder).logits(row);
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32);
        KeyValueCache cache = model.newCache(32)) {
      for (int from = 0; from < 32; from += Member.BLOCK_LENGTH) {
        int to = from + Member.BLOCK_LENGTH;
        PackedBatch batch = new PackedBatch();
        batch.add(
            new Segment(
                Arrays.copyOfRange(row, from, to),
                from,
                IntStream.range(from, to).toArray(),
                cache,
                to));
        assertThat(ArrayError.relative(logits(model, batch), flat(whole, from, to)))
            .isLessThanOrEqualTo(FLOAT32);
      }
    }
  }

  /** What makes each layout itself must change the result, or a test above could not fail. */
  @ParameterizedTest
  @EnumSource
  void everyFlagOfALayoutMatters(Member member) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    int[] row = ids(config, 30, 7);
    float[] asItIs = logits(folder, config, row);
    ModelConfig[] others = {
      config.changed().logitShift(1 - config.logitShift()).build(),
      config
          .changed()
          .mask(
              config.mask() instanceof dev.unmask.model.config.AttentionMask.Full
                  ? new dev.unmask.model.config.AttentionMask.BlockCausal(4)
                  : new dev.unmask.model.config.AttentionMask.Full())
          .build(),
      config.changed().ropeTheta(config.ropeTheta() / 10).build(),
      config.changed().normEpsilon(0.1).build()
    };
    for (ModelConfig other : others) {
      assertThat(ArrayError.relative(logits(folder, other, row), asItIs))
          .as("%s", other)
          .isGreaterThan(1e-3);
    }
  }

  private static float[] logits(Path folder, ModelConfig config, int[] row) throws Exception {
    PackedBatch batch = new PackedBatch();
    batch.add(row, all(row));
    try (LoadedModel model = LoadedModel.load(folder, config, Precision.F32, Attention.FUSED)) {
      return logits(model, batch);
    }
  }

  private static void change(int[] row, ModelConfig config, int from, int to) {
    int[] fresh = ids(config, to - from, row[from] + 100);
    System.arraycopy(fresh, 0, row, from, to - from);
  }

  private static int[] ids(ModelConfig config, int length, int seed) {
    return new Random(seed).ints(length, 0, config.vocabularySize()).toArray();
  }

  private static int[] all(int[] row) {
    return IntStream.range(0, row.length).toArray();
  }

  private static float[] flat(double[][] rows, int from, int to) {
    float[] flat = new float[(to - from) * rows[from].length];
    for (int i = from; i < to; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        flat[(i - from) * rows[i].length + j] = (float) rows[i][j];
      }
    }
    return flat;
  }

  private static float[] logits(MaskPredictor predictor, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return predictor.logits(manager, batch).toFloatArray();
    }
  }
}
