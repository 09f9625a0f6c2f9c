package dev.unmask.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Index files that lie about their shards, and the sentence each gets. */
class HostileIndexTest {

  @TempDir Path folder;

  /** The folder has the shards "one" with the tensor a and "two" with b, four bytes each. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"weight_map":{"a":"../one.safetensors"}}             | names the shard ../one.safetensors; a shard is a file of the same folder
          {"weight_map":{"a":"/etc/passwd"}}                    | a shard is a file of the same folder
          {"weight_map":{"a":"x/one.safetensors"}}              | a shard is a file of the same folder
          {"weight_map":{"a":"x\\\\one.safetensors"}}           | a shard is a file of the same folder
          {"weight_map":{"a":"."}}                              | a shard is a file of the same folder
          {"weight_map":{"a":".."}}                             | a shard is a file of the same folder
          {"weight_map":{"a":""}}                               | a shard is a file of the same folder
          {"weight_map":{"a":"one\\u0000.safetensors"}}         | a shard is a file of the same folder
          {"weight_map":{"a":3}}                                | weight_map.a must be a string, not the number 3
          {"weight_map":{"a":null}}                             | weight_map.a must be a string, not null
          {"weight_map":{"a":"one.safetensors","a":"two.safetensors"}} | weight_map names a twice
          {"weight_map":[]}                                     | weight_map must be a JSON object, not an array
          {"weight_map":{}}                                     | the index has no weight_map
          {}                                                    | the index has no weight_map
          {"weight_map":{"a":"one.safetensors"},"weight_map":{"a":"two.safetensors"}} | the index names weight_map twice
          []                                                    | the index must be a JSON object, not an array
          {"weight_map":{"a":"one.safetensors","b":"three.safetensors"}} | three.safetensors does not exist
          {"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}   | one.safetensors lacks the tensor b that the index puts there
          {"weight_map":{"a":"two.safetensors"}}                | two.safetensors holds the tensor b, which the index does not name
          {"weight_map":{"a":"two.safetensors","b":"one.safetensors"}}   | holds the tensor b, which the index puts into one.safetensors
          {"metadata":{"total_size":"8"},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}} | metadata.total_size must be a whole number, not the string "8"
          {"metadata":{"total_size":-8},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}} | metadata.total_size is -8; it must not be negative
          {"metadata":{"total_size":8.5},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}} | metadata.total_size is 8.5; it must be a whole number
          {"metadata":{"total_size":1e999999999},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}} | it must be a whole number
          {"metadata":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],"weight_map":{}} | metadata must be a JSON object
          {"x":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],"weight_map":{}} | the index is not JSON
          """)
  void isRefusedInASentence(String index, String sentence) throws Exception {
    shards();
    Files.writeString(folder.resolve(SafetensorsDirectory.INDEX_FILE), index);

    assertThatThrownBy(() -> SafetensorsDirectory.open(folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(sentence);
  }

  @ParameterizedTest
  @CsvSource({"8", "8.0", "0.8e1", "12"})
  void anHonestIndexIsFollowedWhateverItCountsAsItsSize(String totalSize) throws Exception {
    shards();
    Files.writeString(
        folder.resolve(SafetensorsDirectory.INDEX_FILE),
        String.format(
            Locale.ROOT,
            """
            {"metadata": {"total_size": %s, "by": {"x": [1]}}, "later": [{}, 1],
             "weight_map": {"b": "two.safetensors", "a": "one.safetensors"}}
            """,
            totalSize));

    assertThat(SafetensorsDirectory.open(folder).tensors().keySet())
        .containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void aTensorInTwoShardsIsRefused() throws Exception {
    shards();
    write("two", "a");
    Files.writeString(
        folder.resolve(SafetensorsDirectory.INDEX_FILE),
        "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");

    assertThatThrownBy(() -> SafetensorsDirectory.open(folder))
        .hasMessageContaining("two.safetensors holds the tensor a, which the index puts into one");
  }

  private void shards() throws Exception {
    write("one", "a");
    write("two", "b");
  }

  private void write(String shard, String tensor) throws Exception {
    new SafetensorsWriter()
        .add(tensor, ElementType.F32, new long[] {1}, () -> new float[] {1})
        .write(folder.resolve(shard + ".safetensors"));
  }
}
