package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.ModelShape;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** 8-bit products, and the network that is made of them. */
class QuantisedForwardTest {

  @TempDir Path folder;

  @BeforeEach
  void needsExactByteProducts() {
    Assumptions.assumeTrue(Processor.here().multipliesBytes(), "a processor without VNNI");
  }

  /** The largest sums too: kernels without wide accumulators saturate there. */
  @Test
  void productsAreExactIntegersWithOneScaleARowAndOneAChannel() {
    int rows = 7;
    int inner = 96;
    int outer = 40;
    Random random = new Random(1);
    float[] x = numbers(random, rows, inner);
    float[] w = numbers(random, outer, inner);
    IntStream.range(0, inner).forEach(i -> x[i] = 3);
    IntStream.range(0, inner).forEach(i -> w[i] = 5);
    IntStream.range(0, inner).forEach(i -> w[inner + i] = -5);
    IntStream.range(0, inner).forEach(i -> x[inner + i] = 0);

    float[] got;
    try (TorchScriptModule module =
            TorchScriptModule.compile(
                QuantisedText.of(ForwardPropertiesTest.SHAPE, Attention.FUSED));
        NDManager manager = TorchRuntime.newManager()) {
      List<NDArray> matrix =
          module.call(
              manager,
              "quantised",
              Argument.of(manager.create(w, new Shape(outer, inner))),
              Argument.of((long) rows));
      List<NDArray> activation =
          module.call(manager, "eight", Argument.of(manager.create(x, new Shape(rows, inner))));
      NDArray product =
          module.callOne(
              manager,
              "product",
              Argument.of(activation.get(0)),
              Argument.of(matrix),
              Argument.of(0L));
      got = product.mul(activation.get(1)).toFloatArray();
    }

    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < outer; column++) {
        double scaleX = scale(x, row, inner);
        double scaleW = scale(w, column, inner);
        long sum = 0;
        for (int i = 0; i < inner; i++) {
          sum += eight(x[row * inner + i], scaleX) * eight(w[column * inner + i], scaleW);
        }
        double expected = sum * scaleX * scaleW;
        assertThat((double) got[row * outer + column])
            .isCloseTo(expected, within(1e-5 * Math.max(1, Math.abs(expected))));
      }
    }
  }

  static Stream<UnaryOperator<ModelShape>> networks() {
    return Stream.of(
        shape -> shape,
        shape -> shape.kvHeads(4),
        shape -> shape.qkvBias(true),
        shape -> shape.mask(new AttentionMask.BlockCausal(8)),
        shape -> shape.qkvBias(true).mask(new AttentionMask.BlockCausal(8)));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void theNetworkStaysNearFloat32(UnaryOperator<ModelShape> change) throws Exception {
    ModelConfig config = change.apply(ForwardPropertiesTest.SHAPE.changed()).build();
    RandomModel.write(folder, config, ElementType.F32, 0.7, 21);
    PackedBatch batch = batch(new Random(5), 40, 1, 90);
    try (LoadedModel exact = load(config, Precision.F32);
        LoadedModel bytes = load(config, Precision.INT8)) {
      assertThat(bytes.precision()).isEqualTo(Precision.INT8);
      assertThat(ArrayError.relative(logits(bytes, batch), logits(exact, batch)))
          .isBetween(1e-4, 0.06);
    }
  }

  /** Bit by bit: sums are integers and scales belong to rows. */
  @Test
  void aRowIsTheSameInAnyBatch() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE.changed().contextLength(512).build();
    RandomModel.write(folder, config, ElementType.F32, 1.5, 22);
    Random random = new Random(6);
    int[] ids = random.ints(45, 0, 90).toArray();
    PackedBatch alone = new PackedBatch();
    alone.add(ids, IntStream.range(0, 45).toArray());
    try (LoadedModel bytes = load(config, Precision.INT8)) {
      float[] expected = states(bytes, alone);
      for (int[] lengths : new int[][] {{3}, {90, 17}, {300, 250}, {1, 1, 1, 64, 500}}) {
        PackedBatch together = new PackedBatch();
        for (int length : lengths) {
          together.add(random.ints(length, 0, 90).toArray(), new int[0]);
        }
        together.add(ids, IntStream.range(0, 45).toArray());
        assertThat(states(bytes, together)).isEqualTo(expected);
      }
    }
  }

  @Test
  void aCachedSegmentEqualsTheWholeRow() throws Exception {
    ModelConfig config = ForwardPropertiesTest.SHAPE;
    RandomModel.write(folder, config, ElementType.F32, 0.7, 23);
    int[] ids = new Random(7).ints(64, 0, 90).toArray();
    int[] slots = IntStream.range(32, 64).toArray();
    try (LoadedModel bytes = load(config, Precision.INT8);
        KeyValueCache cache = bytes.newCache(64)) {
      PackedBatch whole = new PackedBatch();
      whole.add(new PackedBatch.Segment(ids, 0, slots, cache, 64));
      float[] expected = logits(bytes, whole);
      PackedBatch part = new PackedBatch();
      int[] tail = java.util.Arrays.copyOfRange(ids, 32, 64);
      part.add(new PackedBatch.Segment(tail, 32, slots, cache, 64));
      // An attention of fewer queries may add in another order, and a sum at a half rounds over.
      assertThat(ArrayError.relative(logits(bytes, part), expected)).isLessThan(0.01);
    }
  }

  private LoadedModel load(ModelConfig config, Precision precision) throws Exception {
    return LoadedModel.load(folder, config, precision, Attention.FUSED);
  }

  private static PackedBatch batch(Random random, int... lengths) {
    PackedBatch batch = new PackedBatch();
    for (int length : lengths) {
      batch.add(
          random.ints(length, 0, 90).toArray(), IntStream.range(length / 2, length).toArray());
    }
    return batch;
  }

  private static float[] states(LoadedModel model, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return model.states(manager, batch).toFloatArray();
    }
  }

  private static float[] logits(LoadedModel model, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return model.logits(manager, batch).toFloatArray();
    }
  }

  private static float[] numbers(Random random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (1 + i / columns);
    }
    return values;
  }

  private static double scale(float[] values, int row, int columns) {
    double most = 0;
    for (int i = row * columns; i < (row + 1) * columns; i++) {
      most = Math.max(most, Math.abs(values[i]));
    }
    return Math.max(most, 1e-20) / 127;
  }

  private static long eight(float value, double scale) {
    return Math.round(value / scale);
  }
}
