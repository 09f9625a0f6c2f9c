package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.HostNumbers;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.Transfer;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way of devices, on the processor, against the oracle, which shares nothing with it. */
class StagedForwardTest {

  private static final double LIMIT = 2e-5;

  @TempDir Path folder;

  /** Lengths that come twice or thrice share an attention call; asked rows keep their order. */
  @ParameterizedTest
  @CsvSource({
    "4, false, full",
    "2, false, full",
    "4, true, full",
    "2, true, causal",
    "2, false, blocks"
  })
  void anyMixOfRowsIsTheOracles(int kvHeads, boolean bias, String mask) throws Exception {
    ModelConfig config =
        ForwardPropertiesTest.SHAPE
            .changed()
            .kvHeads(kvHeads)
            .qkvBias(bias)
            .mask(
                switch (mask) {
                  case "causal" -> new AttentionMask.Causal();
                  case "blocks" -> new AttentionMask.BlockCausal(8);
                  default -> new AttentionMask.Full();
                })
            .build();
    RandomModel.write(folder, config, ElementType.F32, 1.5, 21);
    Random random = new Random(5);
    PackedBatch batch = new PackedBatch();
    for (int length : new int[] {17, 40, 5, 17, 1, 40, 17, 33}) {
      int[] slots = random.ints(Math.min(6, length), 0, length).distinct().toArray();
      batch.add(random.ints(length, 0, 90).toArray(), length == 33 ? new int[0] : slots);
    }
    try (LoadedModel staged = staged(config, Attention.FUSED);
        OraclePredictor oracle = OraclePredictor.load(folder, config)) {
      assertThat(ArrayError.relative(logits(staged, batch), logits(oracle, batch)))
          .isLessThan(LIMIT);
    }
  }

  /** Rows with caches of their own beside rows without one, refreshed and in parts. */
  @ParameterizedTest
  @CsvSource({"4, 0", "2, 0", "2, 1"})
  void cachesHoldWhatTheOraclesDo(int kvHeads, int shift) throws Exception {
    ModelConfig config =
        ForwardPropertiesTest.SHAPE.changed().kvHeads(kvHeads).logitShift(shift).build();
    RandomModel.write(folder, config, ElementType.F32, 1.5, 22);
    Random random = new Random(6);
    int[] lengths = {40, 64, 40};
    try (LoadedModel staged = staged(config, Attention.FUSED);
        OraclePredictor oracle = OraclePredictor.load(folder, config)) {
      List<KeyValueCache> one = new ArrayList<>();
      List<KeyValueCache> other = new ArrayList<>();
      for (int length : lengths) {
        one.add(staged.newCache(length));
        other.add(oracle.newCache(length));
      }
      for (int from : new int[] {0, 16, 8, 16}) {
        PackedBatch mine = new PackedBatch();
        PackedBatch theirs = new PackedBatch();
        int[] whole = random.ints(24, 0, 90).toArray();
        mine.add(whole, new int[] {3, 1});
        theirs.add(whole, new int[] {3, 1});
        for (int i = 0; i < lengths.length; i++) {
          int to = from == 8 ? 24 : lengths[i];
          int[] ids = random.ints(to - from, 0, 90).toArray();
          int[] slots =
              IntStream.range(from, to).filter(slot -> slot % 3 == 0 && slot > from).toArray();
          mine.add(new PackedBatch.Segment(ids, from, slots, one.get(i), lengths[i]));
          theirs.add(new PackedBatch.Segment(ids, from, slots, other.get(i), lengths[i]));
        }
        mine.add(whole, new int[] {23});
        theirs.add(whole, new int[] {23});
        assertThat(ArrayError.relative(logits(staged, mine), logits(oracle, theirs)))
            .isLessThan(LIMIT);
      }
      one.forEach(KeyValueCache::close);
      other.forEach(KeyValueCache::close);
    }
  }

  @ParameterizedTest
  @CsvSource({"FUSED_ROUNDED", "PRODUCTS"})
  void otherAttentionsAreTheSame(Attention attention) throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE;
    RandomModel.write(folder, config, ElementType.F32, 1.5, 23);
    PackedBatch batch = rows(new Random(7), 9, 30, 9);
    try (LoadedModel staged = staged(config, attention);
        LoadedModel plain =
            LoadedModel.load(folder, config, Precision.F32, Attention.FUSED, Kernels.PLAIN)) {
      assertThat(ArrayError.relative(logits(staged, batch), logits(plain, batch)))
          .isLessThan(LIMIT);
    }
  }

  /** What comes before a pass's numbers in the buffer is somebody else's. */
  @Test
  void aPassFindsItsNumbersBehindOthers() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE;
    RandomModel.write(folder, config, ElementType.F32, 1.5, 24);
    PackedBatch batch = rows(new Random(8), 12, 12, 7);
    try (LoadedModel staged = staged(config, Attention.FUSED);
        Transfer transfer = new Transfer(staged.device());
        NDManager manager = TorchRuntime.newManager()) {
      HostNumbers numbers = new HostNumbers();
      int unusedFirst = numbers.add(new double[] {0.25, -7, 1e9});
      MaskPredictor.PreparedPass pass = staged.prepare(batch, numbers);
      int unusedLast = numbers.add(new long[] {5});
      float[] got =
          staged.head(manager, pass.run(manager, transfer.send(manager, numbers))).toFloatArray();
      assertThat(got).isEqualTo(logits(staged, batch));
    }
  }

  /** The files may go once a device has its copies. */
  @Test
  void nothingOfTheFilesIsNeededAfterwards() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE;
    RandomModel.write(folder, config, ElementType.F32, 1.5, 25);
    PackedBatch batch = rows(new Random(9), 12, 31);
    try (LoadedModel staged = staged(config, Attention.FUSED)) {
      float[] before = logits(staged, batch);
      RandomModel.write(folder, config, ElementType.F32, 1.5, 26);
      assertThat(logits(staged, batch)).isEqualTo(before);
    }
  }

  @Test
  void drawnWeightsRunInBothTypes() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE.changed().qkvBias(true).build();
    PackedBatch batch = rows(new Random(10), 12, 12);
    for (Kernels kernels : Kernels.values()) {
      LoadedModel.Way way =
          new LoadedModel.Way(Precision.F32, Attention.FUSED, kernels, Device.cpu());
      try (LoadedModel one = LoadedModel.random(config, way, 3);
          LoadedModel other = LoadedModel.random(config, way, 3)) {
        float[] logits = logits(one, batch);
        assertThat(logits).isEqualTo(logits(other, batch)).doesNotContain(Float.NaN);
        assertThat(one.parameterCount()).isEqualTo(config.parameterCount());
      }
    }
  }

  private static PackedBatch rows(Random random, int... lengths) {
    PackedBatch batch = new PackedBatch();
    for (int length : lengths) {
      batch.add(random.ints(length, 0, 90).toArray(), new int[] {length - 1, 0});
    }
    return batch;
  }

  private LoadedModel staged(ModelConfig config, Attention attention) throws Exception {
    return LoadedModel.load(
        folder,
        config,
        new LoadedModel.Way(Precision.F32, attention, Kernels.STAGED, Device.cpu()));
  }

  private static float[] logits(MaskPredictor predictor, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return predictor.logits(manager, batch).toFloatArray();
    }
  }
}
