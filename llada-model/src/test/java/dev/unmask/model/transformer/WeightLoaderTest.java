package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.sun.management.ThreadMXBean;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.FileDigests;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SparseFile;
import dev.unmask.model.safetensors.WeightFiles;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What arrives in native memory, by stored type and compute type. */
class WeightLoaderTest {

  private static final ModelConfig SMALL =
      ModelConfig.shape()
          .width(64)
          .layers(1)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(90)
          .tokens(89, 88, -1)
          .contextLength(64)
          .build();

  private static final byte[] ONE_AND_A_HALF = {(byte) 0xc0, 0x3f};

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "F32, FLOAT32",
    "F32, BFLOAT16",
    "F16, FLOAT32",
    "F16, BFLOAT16",
    "BF16, FLOAT32",
    "BF16, BFLOAT16"
  })
  void everyStoredTypeBecomesEveryComputeType(ElementType stored, Compute compute)
      throws Exception {
    RandomModel.write(folder, SMALL, stored, 1, 5);

    assertLoadsWhatIsStored(SMALL, compute);
  }

  @ParameterizedTest
  @CsvSource({"F32, FLOAT32", "BF16, BFLOAT16"})
  void tensorsAtOddAddressesAreCopiedAndNotViewed(ElementType stored, Compute compute)
      throws Exception {
    RandomModel.write(folder, SMALL, stored, 1, 5);
    Path file = folder.resolve(SafetensorsDirectory.SINGLE_FILE);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) bytes.getLong(0);
    ByteBuffer shifted = ByteBuffer.allocate(bytes.capacity() + 1).order(ByteOrder.LITTLE_ENDIAN);
    shifted.putLong(header + 1).put(bytes.slice(8, header)).put((byte) ' ');
    shifted.put(bytes.slice(8 + header, bytes.capacity() - 8 - header));
    Files.write(file, shifted.array());

    assertLoadsWhatIsStored(SMALL, compute);
  }

  /** The embedding is 20 MB: more than a chunk, and much more than the heap may see of it. */
  @ParameterizedTest
  @CsvSource({"F32, FLOAT32", "F32, BFLOAT16", "BF16, FLOAT32"})
  void tensorsOfSeveralChunksArriveWithoutTheHeap(ElementType stored, Compute compute)
      throws Exception {
    ModelConfig config =
        SMALL.changed().vocabularySize(160_000).embeddingSize(160_000).tiedHead(true).build();
    RandomModel.write(folder, config, stored, 1, 5);
    assertLoadsWhatIsStored(config, compute);

    WeightFiles files = WeightFiles.read(folder, digests());
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (NDManager manager = TorchRuntime.newManager()) {
      long before = threads.getCurrentThreadAllocatedBytes();
      List<NDArray> weights = WeightLoader.load(manager, files, config, compute);
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;

      assertThat(weights).hasSize(11);
      // DJL takes 4 MiB to pass the module's text; the stored weights have 20 or 41 MB.
      assertThat(allocated).isLessThan(6_000_000);
    }
  }

  @ParameterizedTest
  @CsvSource({"F32", "BF16"})
  void damagedFilesAreNamedWithTheirDigests(Precision precision) throws Exception {
    RandomModel.write(folder, SMALL, ElementType.BF16, 1, 5);
    FileDigests digests = digests();
    LoadedModel.load(folder, precision, digests).close();
    Path file = folder.resolve(SafetensorsDirectory.SINGLE_FILE);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 4;
    Files.write(file, bytes);

    assertThatThrownBy(() -> LoadedModel.load(folder, precision, digests).close())
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("model.safetensors has the sha256")
        .hasMessageContaining("it is damaged");
  }

  @Test
  void shardsAndTheirIndexAreCheckedToo() throws Exception {
    Path golden = Path.of("src/test/resources/golden/grouped-bf16-sharded");
    try (Stream<Path> files = Files.list(golden)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
    Map<String, String> known = new HashMap<>(digests().sha256());
    LoadedModel.load(folder, Precision.F32, new FileDigests(known)).close();

    known.put("model-00002-of-00003.safetensors", "0".repeat(64));
    assertThatThrownBy(
            () -> LoadedModel.load(folder, Precision.F32, new FileDigests(known)).close())
        .hasMessageContaining("model-00002-of-00003.safetensors has the sha256");
    known.remove(SafetensorsDirectory.INDEX_FILE);
    assertThatThrownBy(
            () -> LoadedModel.load(folder, Precision.F32, new FileDigests(known)).close())
        .hasMessageContaining("model.safetensors.index.json is used, but no digest of it is known");
  }

  /** Nine matrices of 1.9 GB: with a copy of any of them this would not fit. */
  @Test
  @Timeout(120)
  void aSparseModelOfSeventeenGigabytesIsMappedInPlace() throws Exception {
    ModelConfig config = SMALL.changed().layers(3).mlpWidth(15_000_000).build();
    sparse(config, ElementType.BF16);
    assertThat(Files.size(folder.resolve(SafetensorsDirectory.SINGLE_FILE)))
        .isGreaterThan(17_000_000_000L);
    long before = anonymousKilobytes();

    try (LoadedModel model =
        LoadedModel.load(folder, config, Precision.BF16, attention(), Kernels.PLAIN)) {
      assertThat(model.parameterCount()).isGreaterThan(8_600_000_000L);
      assertThat(anonymousKilobytes() - before).isLessThan(1_000_000);
    }
  }

  @Test
  @EnabledIfSystemProperty(
      named = "unmask.test.extended",
      matches = "true",
      disabledReason = "needs 3 GB of memory; `./unmask test --extended` runs it")
  void aTensorOfMoreThanTwoGigabytesIsCast() throws Exception {
    // The embedding alone has 2.2 GB in float32 and 1.1 GB in bfloat16.
    ModelConfig config =
        SMALL.changed().vocabularySize(8_600_000).embeddingSize(8_600_000).tiedHead(true).build();
    sparse(config, ElementType.F32);
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray embedding =
          WeightLoader.load(
                  manager, WeightFiles.read(folder, FileDigests.NONE), config, Compute.BFLOAT16)
              .get(0);
      NDArray last = embedding.get("8599998:").toType(DataType.FLOAT32, false);
      float[] values = last.toFloatArray();
      assertThat(values).hasSize(128);
      assertThat(values[127]).isEqualTo(1.5f);
      assertThat(Arrays.copyOf(values, 127)).containsOnly(0);
    }
  }

  private void sparse(ModelConfig config, ElementType type) throws Exception {
    SparseFile file = new SparseFile();
    List<WeightTable.Weight> table = WeightTable.of(config);
    table.forEach(weight -> file.add(weight.name(), type, weight.dimensions()));
    byte[] value = type == ElementType.F32 ? new byte[] {0, 0, (byte) 0xc0, 0x3f} : ONE_AND_A_HALF;
    file.write(
        folder.resolve(SafetensorsDirectory.SINGLE_FILE), Map.of(table.get(0).name(), value));
  }

  private void assertLoadsWhatIsStored(ModelConfig config, Compute compute) throws Exception {
    SafetensorsDirectory stored = SafetensorsDirectory.open(folder);
    try (NDManager manager = TorchRuntime.newManager()) {
      WeightFiles files = WeightFiles.read(folder, digests());
      assertAreStored(WeightLoader.load(manager, files, config, compute), stored, config, compute);
      assertAreStored(
          WeightLoader.copy(manager, files, config, compute, Device.cpu()),
          stored,
          config,
          compute);
    }
  }

  private static void assertAreStored(
      List<NDArray> weights, SafetensorsDirectory stored, ModelConfig config, Compute compute)
      throws Exception {
    List<WeightTable.Weight> table = WeightTable.of(config);
    for (int i = 0; i < table.size(); i++) {
      float[] expected = stored.require(table.get(i).name(), table.get(i).dimensions()).toFloats();
      if (compute == Compute.BFLOAT16) {
        for (int j = 0; j < expected.length; j++) {
          expected[j] = toBfloat16(expected[j]);
        }
      }
      assertThat(weights.get(i).getShape().getShape()).isEqualTo(table.get(i).dimensions());
      assertThat(
              Arrays.equals(weights.get(i).toType(DataType.FLOAT32, true).toFloatArray(), expected))
          .as(table.get(i).name())
          .isTrue();
    }
  }

  private FileDigests digests() throws Exception {
    Map<String, String> known = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        known.put(
            file.getFileName().toString(),
            HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file))));
      }
    }
    return new FileDigests(known);
  }

  private static TransformerText.Attention attention() {
    return TransformerText.Attention.FUSED;
  }

  /** Memory of this process that no file stands for. */
  private static long anonymousKilobytes() throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.UTF_8).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  /** Round to nearest, ties to even. */
  private static float toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  }
}
