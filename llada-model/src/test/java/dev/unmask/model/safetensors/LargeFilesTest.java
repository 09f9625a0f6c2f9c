package dev.unmask.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files and tensors of more than 2 GiB, in pieces; and digests of what is used. */
class LargeFilesTest {

  /** 1.5 as float32 and as bfloat16, little-endian. */
  private static final byte[] F32 = {0, 0, (byte) 0xc0, 0x3f};

  private static final byte[] BF16 = {(byte) 0xc0, 0x3f};

  @TempDir Path folder;

  @Test
  @Timeout(60)
  void aSparseFileOfSixteenGigabytesIsMappedAndNotRead() throws Exception {
    Path path = folder.resolve("model.safetensors");
    new SparseFile()
        .add("before", ElementType.BF16, 7_000_000_000L)
        .add("embedding", ElementType.F32, 155_136, 4096)
        .add("far", ElementType.BF16, 3)
        .write(path, Map.of("embedding", F32, "far", BF16));
    assertThat(Files.size(path)).isGreaterThan(16_000_000_000L);

    SafetensorsFile file = SafetensorsFile.open(path);

    assertThat(file.require("far").toFloats()).containsExactly(0, 0, 1.5f);
    StoredTensor embedding = file.require("embedding");
    assertThat(embedding.size()).isEqualTo(155_136L * 4096);
    List<ByteBuffer> pieces = embedding.pieces();
    assertThat(pieces).hasSize(3);
    assertThat(pieces.stream().mapToLong(ByteBuffer::remaining).sum())
        .isEqualTo(155_136L * 4096 * 4);
    ByteBuffer last = pieces.getLast();
    assertThat(last.getFloat(last.limit() - 4)).isEqualTo(1.5f);
    assertThatThrownBy(embedding::data)
        .hasMessage("embedding F32[155136, 4096] is too large for one buffer");
  }

  @Test
  void piecesAndNeighboursGiveTheSameNumbersAsOneBuffer() throws Exception {
    Path path = folder.resolve("model.safetensors");
    float[] long40 = new float[40];
    for (int i = 0; i < long40.length; i++) {
      long40[i] = i - 7.5f;
    }
    new SafetensorsWriter()
        .add("a", ElementType.BF16, new long[] {3}, () -> new float[] {1, 2, 3})
        .add("b", ElementType.F32, new long[] {40}, () -> long40)
        .add("c", ElementType.F16, new long[] {2}, () -> new float[] {-1, 0x1p-20f})
        .add("d", ElementType.F32, new long[] {1}, () -> new float[] {9})
        .write(path);

    for (long piece : new long[] {8, 16, 64, 1024}) {
      SafetensorsFile file = SafetensorsFile.open(path, FileDigests.NONE, piece);
      assertThat(file.require("a").toFloats()).containsExactly(1, 2, 3);
      assertThat(file.require("b").toFloats()).containsExactly(long40);
      assertThat(file.require("c").toFloats()).containsExactly(-1, 0x1p-20f);
      assertThat(file.require("d").toFloats()).containsExactly(9);
    }
  }

  @Test
  void theDigestIsThatOfTheWholeFile() throws Exception {
    Path path = folder.resolve("model.safetensors");
    new SafetensorsWriter()
        .metadata("note", "covered too")
        .add("a", ElementType.F32, new long[] {5}, () -> new float[] {1, 2, 3, 4, 5})
        .add("b", ElementType.BF16, new long[] {3}, () -> new float[] {1, 2, 3})
        .write(path);
    String right = sha256(path);

    for (long piece : new long[] {8, 1 << 20}) {
      SafetensorsFile file =
          SafetensorsFile.open(path, new FileDigests(Map.of("model.safetensors", right)), piece);
      assertThat(file.require("b").toFloats()).containsExactly(1, 2, 3);
    }
    byte[] bytes = Files.readAllBytes(path);
    int inTheHeader = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("covered too");
    for (int at : new int[] {inTheHeader, bytes.length - 1}) {
      byte[] changed = bytes.clone();
      changed[at] ^= 1;
      Files.write(path, changed);
      assertThatThrownBy(() ->
              SafetensorsDirectory.open(
                  folder, new FileDigests(Map.of("model.safetensors", right))))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("model.safetensors has the sha256 " + sha256(path))
          .hasMessageContaining("instead of " + right);
    }
  }

  @Test
  void aFileWithoutADigestIsRefusedWhenDigestsAreKnown() throws Exception {
    new SafetensorsWriter()
        .add("a", ElementType.F32, new long[] {1}, () -> new float[] {1})
        .write(folder.resolve("model.safetensors"));

    assertThatThrownBy(() ->
            SafetensorsDirectory.open(folder, new FileDigests(Map.of("other", "0".repeat(64)))))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("model.safetensors is used, but no digest of it is known");
    assertThatThrownBy(() -> new FileDigests(Map.of("a", "sha256:00")))
        .hasMessageContaining("it must be 64 digits");
  }

  @Test
  void chunksAreWholeNumbersAndTheDigestIsTakenFromThem() throws Exception {
    Path path = folder.resolve("model.safetensors");
    new SafetensorsWriter()
        .add("a", ElementType.F32, new long[] {5}, () -> new float[] {1, 2, 3, 4, 5})
        .add("b", ElementType.BF16, new long[] {3}, () -> new float[] {1, 2, 3})
        .write(path);
    WeightFiles files =
        WeightFiles.read(folder, new FileDigests(Map.of("model.safetensors", sha256(path))));
    WeightFiles.Shard shard = files.shards().get(0);
    List<String> seen = new ArrayList<>();

    try (ShardReader reader = ShardReader.open(files, shard, 10)) {
      for (TensorEntry entry : shard.header().entries()) {
        reader.read(
            entry,
            (first, chunk) -> {
              assertThat(chunk.isDirect()).isTrue();
              seen.add(entry.name() + first + "+" + chunk.remaining());
            });
      }
      reader.finish();
    }
    assertThat(seen).containsExactly("a0+8", "a2+8", "a4+4", "b0+6");

    byte[] bytes = Files.readAllBytes(path);
    bytes[bytes.length - 1] ^= 1;
    Files.write(path, bytes);
    try (ShardReader reader = ShardReader.open(files, shard, 10)) {
      for (TensorEntry entry : shard.header().entries()) {
        assertThat(reader.map(entry).remaining()).isEqualTo((int) entry.bytes());
      }
      assertThatThrownBy(reader::finish).hasMessageContaining("it is damaged");
    }
  }

  @Test
  void aFileThatIsReplacedBetweenHeaderAndDataIsNoticed() throws Exception {
    Path path = folder.resolve("model.safetensors");
    new SafetensorsWriter()
        .add("a", ElementType.F32, new long[] {2}, () -> new float[] {1, 2})
        .write(path);
    WeightFiles files = WeightFiles.read(folder, FileDigests.NONE);
    new SafetensorsWriter()
        .add("b", ElementType.F32, new long[] {2}, () -> new float[] {1, 2})
        .write(path);

    assertThatThrownBy(() -> ShardReader.open(files, files.shards().get(0)).close())
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("the header changed while the model was loaded");
  }

  private static String sha256(Path path) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(path)));
  }
}
