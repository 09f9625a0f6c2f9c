package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What must hold for any weights. Numbers are those of docs/properties.md; 5 and 6 are also in
 * {@link RotationAndNormTest}, 8 in {@link WeightTableTest}, 9 in {@code FamilyTest}.
 */
class ForwardPropertiesTest {

  static final ModelConfig SHAPE =
      ModelConfig.shape()
          .width(64)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(128)
          .vocabularySize(90)
          .embeddingSize(96)
          .tiedHead(true)
          .ropeTheta(500_000)
          .contextLength(128)
          .tokens(89, 88, -1)
          .build();

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    RandomModel.write(folder, SHAPE, ElementType.F32, 1.5, 3);
    model = LoadedModel.load(folder, Precision.F32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void property1IsNotCausal() {
    int[] ids = ids(20, 1);
    float[] before = logits(model, ids, 0);
    ids[19] = (ids[19] + 1) % 80;

    assertThat(ArrayError.relative(logits(model, ids, 0), before)).isGreaterThan(1e-3);
  }

  @Test
  void property2TheOrderOfRowsPermutesTheResults() {
    int[][] sequences = {ids(9, 1), ids(40, 2), ids(17, 3)};
    int[][] orders = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}};
    float[][] results = new float[3][];
    for (int[] order : orders) {
      PackedBatch batch = new PackedBatch();
      for (int which : order) {
        batch.add(sequences[which], all(sequences[which]));
      }
      float[] together = logits(model, batch);
      int from = 0;
      for (int which : order) {
        int to = from + sequences[which].length * SHAPE.embeddingSize();
        float[] mine = Arrays.copyOfRange(together, from, to);
        float[] before = results[which];
        if (before == null) {
          results[which] = mine;
        } else {
          assertThat(ArrayError.relative(mine, before)).isLessThan(1e-6);
        }
        from = to;
      }
    }
  }

  /** There are no pads in a pack; what stands for them is that nothing in it is a neighbour. */
  @Test
  void property3ASequenceDoesNotFeelItsNeighbours() {
    PackedBatch batch = new PackedBatch();
    int[][] sequences = {ids(5, 1), ids(64, 2), ids(1, 3), ids(33, 4)};
    for (int[] ids : sequences) {
      batch.add(ids, all(ids));
    }
    float[] together = logits(model, batch);

    int from = 0;
    for (int[] ids : sequences) {
      int to = from + ids.length * SHAPE.embeddingSize();
      float[] mine = Arrays.copyOfRange(together, from, to);
      assertThat(ArrayError.relative(mine, logits(model, ids, all(ids)))).isLessThan(1e-6);
      from = to;
    }
  }

  /** And what is in a row counts, pad tokens too: LLaDA attends to them, and no mask hides them. */
  @Test
  void property4APadInsideARowIsATokenLikeAnyOther() {
    int[] ids = ids(20, 11);
    int[] padded = Arrays.copyOf(ids, 24);
    Arrays.fill(padded, 20, 24, SHAPE.tokens().pad());

    assertThat(ArrayError.relative(logits(model, padded, 3), logits(model, ids, 3)))
        .isGreaterThan(1e-3);
  }

  @Test
  void rowsAskedForEqualTheSameRowsOfAll() {
    int[] ids = ids(30, 5);
    float[] all = logits(model, ids, all(ids));
    float[] some = logits(model, ids, 29, 3);

    int columns = SHAPE.embeddingSize();
    float[] expected = new float[2 * columns];
    System.arraycopy(all, 29 * columns, expected, 0, columns);
    System.arraycopy(all, 3 * columns, expected, columns, columns);
    assertThat(ArrayError.relative(some, expected)).isLessThan(1e-6);
  }

  @ParameterizedTest
  @EnumSource(value = Attention.class, mode = EnumSource.Mode.EXCLUDE, names = "FUSED")
  void everyAttentionEqualsTheFusedOne(Attention attention) throws Exception {
    try (LoadedModel other = LoadedModel.load(folder, SHAPE, Precision.F32, attention)) {
      for (int length : new int[] {1, 16, 50}) {
        int[] ids = ids(length, 6);
        assertThat(ArrayError.relative(logits(other, ids, all(ids)), logits(model, ids, all(ids))))
            .isLessThan(2e-6);
      }
    }
  }

  @Test
  void bfloat16StaysNearFloat32() throws Exception {
    int[] ids = ids(50, 7);
    float[] exact = logits(model, ids, all(ids));
    double plain = errorOfBfloat16(Kernels.PLAIN, ids, exact);
    double packed = errorOfBfloat16(Kernels.PREPACKED, ids, exact);
    // The mean over all logits: the largest error of one is another one each time.
    assertThat(plain).isBetween(1e-5, 0.006);
    assertThat(packed).isBetween(1e-5, plain * 1.02);
  }

  private static double errorOfBfloat16(Kernels kernels, int[] ids, float[] exact)
      throws Exception {
    try (LoadedModel half =
        LoadedModel.load(folder, SHAPE, Precision.BF16, Attention.FUSED, kernels)) {
      assertThat(half.precision()).isEqualTo(Precision.BF16);
      return rootMeanSquare(logits(half, ids, all(ids)), exact);
    }
  }

  /** Of the differences, by the largest of {@code reference}. */
  private static double rootMeanSquare(float[] values, float[] reference) {
    double squares = 0;
    double largest = 0;
    for (int i = 0; i < values.length; i++) {
      double difference = (double) values[i] - reference[i];
      squares += difference * difference;
      largest = Math.max(largest, Math.abs(reference[i]));
    }
    return Math.sqrt(squares / values.length) / largest;
  }

  @Test
  void bfloat16FilesGiveTheSameAsTheirFloat32Copy(@TempDir Path stored) throws Exception {
    RandomModel.write(stored, SHAPE, ElementType.BF16, 1.5, 3);
    try (LoadedModel mapped = LoadedModel.load(stored, Precision.BF16);
        LoadedModel cast = LoadedModel.load(folder, Precision.BF16)) {
      int[] ids = ids(40, 8);
      assertThat(logits(mapped, ids, all(ids))).isEqualTo(logits(cast, ids, all(ids)));
    }
  }

  @Test
  void property7GateAndUpAreNotInterchangeable(@TempDir Path swapped) throws Exception {
    SafetensorsWriter writer = new SafetensorsWriter();
    SafetensorsDirectory files = SafetensorsDirectory.open(folder);
    for (WeightTable.Weight weight : WeightTable.of(SHAPE)) {
      String from = weight.name();
      if (from.contains("ff_proj")) {
        from = from.replace("ff_proj", "up_proj");
      } else if (from.contains("up_proj")) {
        from = from.replace("up_proj", "ff_proj");
      }
      float[] values = files.require(from, weight.dimensions()).toFloats();
      writer.add(weight.name(), ElementType.F32, weight.dimensions(), () -> values);
    }
    writer.write(swapped.resolve(SafetensorsDirectory.SINGLE_FILE));
    Files.writeString(swapped.resolve(ModelConfig.FILE_NAME), SHAPE.toJson("float32"));
    try (LoadedModel other = LoadedModel.load(swapped, Precision.F32)) {
      int[] ids = ids(20, 9);
      assertThat(ArrayError.relative(logits(other, ids, 0), logits(model, ids, 0)))
          .isGreaterThan(1e-2);
    }
  }

  @Test
  void theOracleAgrees() throws Exception {
    try (OraclePredictor oracle = OraclePredictor.load(folder, SHAPE)) {
      int[] ids = ids(100, 10);
      assertThat(ArrayError.relative(logits(model, ids, all(ids)), logits(oracle, ids, all(ids))))
          .isLessThan(2e-5);
    }
  }

  @Test
  void property5ItMattersWhereATokenStands() {
    // The same tokens in another order: without positions slot 0 could not tell.
    float[] near = logits(model, new int[] {5, 7, 80, 80}, 0);
    float[] far = logits(model, new int[] {5, 80, 80, 7}, 0);

    assertThat(ArrayError.relative(far, near)).isGreaterThan(1e-3);
  }

  private static int[] ids(int length, int seed) {
    return new Random(seed).ints(length, 0, 80).toArray();
  }

  private static int[] all(int[] ids) {
    return IntStream.range(0, ids.length).toArray();
  }

  private static float[] logits(MaskPredictor predictor, int[] ids, int... rows) {
    PackedBatch batch = new PackedBatch();
    batch.add(ids, rows);
    return logits(predictor, batch);
  }

  private static float[] logits(MaskPredictor predictor, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      return predictor.logits(manager, batch).toFloatArray();
    }
  }
}
