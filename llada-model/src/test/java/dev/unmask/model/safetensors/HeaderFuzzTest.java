package dev.unmask.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.fuzz.Fuzzing;
import dev.unmask.model.fuzz.Mutator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mutated headers and index files. */
class HeaderFuzzTest {

  private static final String SMALL =
      "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],"
          + "\"data_offsets\":[0,24]},\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[24,26]},"
          + "\"c\":{\"dtype\":\"U8\",\"shape\":[0,7],\"data_offsets\":[26,26]}}";

  @TempDir Path folder;

  /** Length and JSON are mutated apart, so that the JSON is reached; then the file as a whole. */
  @Test
  @Timeout(900)
  void headersAreReadOrRefused() throws Exception {
    List<byte[]> seeds = Stream.of(SMALL, shard(), "{}").map(HeaderFuzzTest::utf8).toList();
    Mutator sizes = new Mutator(1);
    Fuzzing.Tally tally =
        Fuzzing.run(
            "header",
            seeds,
            json -> {
              long data = sizes.below(4) == 0 ? sizes.below(1_000) : dataOf(json);
              check(file(json, json.length), 8 + json.length + data);
            });

    assertThat(tally.accepted()).isGreaterThan(tally.mutations() / 100);
    assertThat(tally.refused()).isGreaterThan(tally.mutations() / 4);
  }

  @Test
  @Timeout(900)
  void wholeFilesAreReadOrRefused() throws Exception {
    byte[] json = utf8(SMALL);
    byte[] whole = Arrays.copyOf(file(json, json.length), 8 + json.length + 26);

    Fuzzing.Tally tally = Fuzzing.run("file", List.of(whole), bytes -> check(bytes, bytes.length));

    assertThat(tally.accepted()).isPositive();
    assertThat(tally.refused()).isGreaterThan(tally.mutations() / 4);
  }

  /** The same through the file system: mapping what was accepted must work. */
  @Test
  @Timeout(900)
  void mutatedFoldersAreOpenedOrRefused() throws Exception {
    byte[] json = utf8(SMALL);
    byte[] whole = Arrays.copyOf(file(json, json.length), 8 + json.length + 26);
    Path path = folder.resolve(SafetensorsDirectory.SINGLE_FILE);
    Mutator mutator = new Mutator(7);
    int opened = 0;
    for (int i = 0; i < 1_500; i++) {
      Files.write(path, mutator.mutate(whole, List.of(whole)));
      try {
        for (StoredTensor tensor : SafetensorsDirectory.open(folder).tensors().values()) {
          assertThat((long) tensor.toDoubles().length).isEqualTo(tensor.size());
        }
        opened++;
      } catch (InvalidModelException e) {
        assertThat(e).hasMessageContaining(path.toString());
      }
    }
    assertThat(opened).isBetween(5, 1_400);
  }

  @Test
  @Timeout(900)
  void indexFilesAreReadOrRefused() throws Exception {
    String index =
        Files.readString(
            Path.of("src/test/resources/golden/grouped-bf16-sharded")
                .resolve(SafetensorsDirectory.INDEX_FILE));
    String small =
        "{\"metadata\":{\"total_size\":12.0},\"weight_map\":{\"a\":\"x.safetensors\",\"b\":\"y\"}}";

    Fuzzing.Tally tally =
        Fuzzing.run(
            "index",
            List.of(utf8(index), utf8(small), utf8("{\"weight_map\":{\"a\":\"b\"}}")),
            json -> {
              IndexFile read = IndexFile.parse(ByteBuffer.wrap(json));
              assertThat(read.shards()).isNotEmpty();
              for (String shard : read.shards()) {
                assertThat(Path.of("/models").resolve(shard).normalize().getParent())
                    .isEqualTo(Path.of("/models"));
              }
              assertThat(read.totalSize().orElse(0)).isNotNegative();
            });

    assertThat(tally.accepted()).isGreaterThan(tally.mutations() / 100);
    assertThat(tally.refused()).isGreaterThan(tally.mutations() / 4);
  }

  /** What is accepted must hold, computed once more in another way. */
  private static void check(byte[] head, long fileSize) throws InvalidModelException {
    SafetensorsHeader header = SafetensorsHeader.parse(ByteBuffer.wrap(head), fileSize);
    java.math.BigInteger at = java.math.BigInteger.ZERO;
    for (TensorEntry entry : header.entries()) {
      assertThat(entry.begin()).isEqualTo(at.longValueExact());
      java.math.BigInteger bytes = java.math.BigInteger.valueOf(entry.type().bytes());
      for (long dimension : entry.shape()) {
        assertThat(dimension).isNotNegative();
        bytes = bytes.multiply(java.math.BigInteger.valueOf(dimension));
      }
      at = at.add(bytes);
      assertThat(entry.end()).isEqualTo(at.longValueExact());
    }
    assertThat(header.dataStart() + at.longValueExact()).isEqualTo(fileSize);
  }

  /** The data bytes that a header probably means, so that mutations elsewhere are accepted. */
  private static long dataOf(byte[] json) {
    String text = new String(json, StandardCharsets.ISO_8859_1);
    java.util.regex.Matcher ends =
        java.util.regex.Pattern.compile("\"data_offsets\":\\[\\d{1,9},(\\d{1,9})]").matcher(text);
    long most = 0;
    while (ends.find()) {
      most = Math.max(most, Long.parseLong(ends.group(1)));
    }
    return most;
  }

  private static String shard() throws Exception {
    byte[] file =
        Files.readAllBytes(
            Path.of("src/test/resources/golden/grouped-bf16-sharded")
                .resolve("model-00001-of-00003.safetensors"));
    int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    return new String(file, 8, length, StandardCharsets.UTF_8);
  }

  private static byte[] file(byte[] json, long length) {
    return ByteBuffer.allocate(8 + json.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(json)
        .array();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
