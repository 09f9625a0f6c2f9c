package dev.unmask.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Headers that lie, and the sentence each gets. */
class HostileHeaderTest {

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}       | 8  | tensor a is at bytes 0 to 16, but the file holds 8 bytes of data; it is cut short
          {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}        | 8  | tensor a has 8 bytes, but F32[3] needs 12
          {"a":{"dtype":"F8","shape":[3],"data_offsets":[0,8]}}         | 8  | tensor a: the element type F8 is not supported
          {"a":{"dtype":7,"shape":[3],"data_offsets":[0,8]}}            | 8  | tensor a: dtype must be a string, not the number 7
          {"a":{"dtype":null,"shape":[3],"data_offsets":[0,8]}}         | 8  | tensor a: dtype must be a string, not null
          {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}       | 8  | tensor a: shape is -1; it must not be negative
          {"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}      | 8  | tensor a: shape must be a whole number, not the number 2.0
          {"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}      | 8  | tensor a: shape must be a whole number, not the string "2"
          {"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}          | 8  | tensor a: shape must be a JSON array, not the number 2
          {"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}      | 8  | tensor a: shape must be a whole number, not an array
          {"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}} | 8 | which is too large
          {"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}} | 8 | tensor a has the shape [4294967296, 4294967296], more than any file can hold
          {"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,8]}} | 8 | more than any file can hold
          {"a":{"dtype":"F32","shape":[1e1],"data_offsets":[0,8]}}      | 8  | tensor a: shape must be a whole number
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}       | 8  | tensor a: data_offsets is -8; it must not be negative
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}        | 8  | tensor a ends at byte 0, before its begin 8
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}     | 8  | tensor a: data_offsets has more than 2 numbers
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}          | 8  | tensor a lacks a dtype, a shape or its two data_offsets
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}} | 8 | which is too large
          {"a":{"dtype":"F32","shape":[2]}}                             | 8  | lacks a dtype, a shape or its two data_offsets
          {"a":{}}                                                      | 8  | lacks a dtype, a shape or its two data_offsets
          {"a":[]}                                                      | 8  | tensor a must be a JSON object, not an array
          {"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}} | 8 | tensor a: shape is given twice
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[1]}} | 8 | tensor a: strides is no field of the format
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | 8 | the header names a twice
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}} | 12 | tensor b begins at byte 4, inside of tensor a
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | 8 | begins at byte 0, inside of tensor
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"e":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}} | 8 | tensor e begins at byte 4, inside of tensor a
          {"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | 12 | bytes 4 to 8 of the data, between tensor a and tensor b, belong to no tensor
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}        | 8  | bytes 0 to 4 of the data, between the start and tensor a, belong to no tensor
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}        | 8  | bytes 4 to 8 of the data, between tensor a and the end, belong to no tensor
          {}                                                            | 8  | bytes 0 to 8 of the data, between the start and the end, belong to no tensor
          {"__metadata__":{"epoch":3}}                                  | 0  | __metadata__.epoch must be a string, not the number 3
          {"__metadata__":{"k":{"l":"m"}}}                              | 0  | __metadata__.k must be a string, not an object
          {"__metadata__":{"k":"a","k":"b"}}                            | 0  | __metadata__ names k twice
          {"__metadata__":[]}                                           | 0  | __metadata__ must be a JSON object, not an array
          {"__metadata__":{},"__metadata__":{}}                         | 0  | the header names __metadata__ twice
          {"a":[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]}              | 0  | tensor a must be a JSON object, not an array
          []                                                            | 8  | the header is not a JSON object
          {"a":                                                         | 8  | the header is not JSON
          {} {}                                                         | 0  | the header goes on after its JSON object
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}       | 8  | the header is not JSON
          {'a':1}                                                       | 8  | the header is not JSON
          """)
  void isRefusedInASentence(String header, int dataBytes, String sentence) throws Exception {
    Path file = write(header.strip().getBytes(StandardCharsets.UTF_8), dataBytes);

    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("bad.safetensors")
        .hasMessageContaining(sentence);
  }

  @Test
  void aLengthThatNoFileHasIsRefused() throws Exception {
    for (long length : new long[] {0, 1, 100, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      byte[] bytes = {0, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
      Path file = Files.write(folder.resolve("bad.safetensors"), bytes);

      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("claims " + Long.toUnsignedString(length) + " bytes");
    }
  }

  @Test
  void aTensorNamedLikeAnEscapeSequenceCannotReachTheTerminal() throws Exception {
    Path file =
        write("{\"\\u001b[31m\\nx\":{\"dtype\":\"Q\"}}".getBytes(StandardCharsets.UTF_8), 0);

    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .hasMessageContaining("\\u001b[31m\\u000ax")
        .message()
        .doesNotContain("\u001b", "\n");
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() throws Exception {
    String entry = "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    byte[][] names = {
      {(byte) 0xff}, // never in UTF-8
      {(byte) 0xc0, (byte) 0xaf}, // an overlong slash
      {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, // half a surrogate pair
      {(byte) 0xe2, (byte) 0x82}, // cut short
    };
    for (byte[] name : names) {
      byte[] rest = entry.getBytes(StandardCharsets.UTF_8);
      byte[] header = Arrays.copyOf(new byte[] {'{', '"'}, 2 + name.length + rest.length);
      System.arraycopy(name, 0, header, 2, name.length);
      System.arraycopy(rest, 0, header, 2 + name.length, rest.length);
      Path file = write(header, 0);

      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("the header is not UTF-8");
    }
    Path utf16 = write("{ }".getBytes(StandardCharsets.UTF_16LE), 0);
    assertThatThrownBy(() -> SafetensorsFile.open(utf16)).isInstanceOf(InvalidModelException.class);
  }

  @Test
  void endlessNamesNumbersAndNestingAreRefused() throws Exception {
    String[] headers = {
      "{\"" + "n".repeat(5_000) + "\":{}}",
      "{\"a\":{\"shape\":[" + "9".repeat(5_000) + "]}}",
      "{\"a\":{\"shape\":[" + "1,".repeat(5_000) + "1]}}",
      "{\"a\":{\"b\":" + "[".repeat(50_000) + "]".repeat(50_000) + "}}",
      "{\"a\":" + "{\"b\":".repeat(50_000) + "1" + "}".repeat(50_000) + "}",
      "{\"__metadata__\":" + "{\"b\":".repeat(50_000) + "1" + "}".repeat(50_000) + "}",
    };
    for (String header : headers) {
      Path file = write(header.getBytes(StandardCharsets.UTF_8), 0);

      assertThatThrownBy(() -> SafetensorsFile.open(file))
          .isInstanceOf(InvalidModelException.class)
          .message()
          .hasSizeLessThan(600);
    }
  }

  @Test
  void whatTheFormatAllowsIsRead() throws Exception {
    String header =
        """
        { "late":{"data_offsets":[4,6],"shape":[1,1],"dtype":"BF16"},
          "scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
          "empty":{"dtype":"F32","shape":[3,0],"data_offsets":[4,4]},
          "__metadata__":{"\u00fc":"\\u00e9", "format":"pt"}, "":{"dtype":"I8","shape":[1],"data_offsets":[6,7]} }   \
        """;
    SafetensorsFile file = SafetensorsFile.open(write(header.getBytes(StandardCharsets.UTF_8), 7));

    assertThat(file.tensors().keySet()).containsExactly("scalar", "empty", "late", "");
    assertThat(file.require("scalar").shape()).isEmpty();
    assertThat(file.require("scalar").toFloats()).containsExactly(0);
    assertThat(file.require("empty").toFloats()).isEmpty();
    assertThat(file.require("late").shape()).containsExactly(1, 1);
    assertThat(file.metadata()).containsEntry("\u00fc", "\u00e9").containsEntry("format", "pt");
  }

  @Test
  void manySmallTensorsNeedFewMappings() throws Exception {
    StringBuilder header = new StringBuilder("{");
    int count = 100_000;
    for (int i = 0; i < count; i++) {
      header
          .append(i == 0 ? "" : ",")
          .append(
              String.format(
                  "\"%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}", i, i, i + 1));
    }
    byte[] text = header.append('}').toString().getBytes(StandardCharsets.UTF_8);

    assertThat(SafetensorsFile.open(write(text, count)).tensors()).hasSize(count);
  }

  @Test
  void anythingButAFileIsRefused() throws Exception {
    Path file = Files.createDirectory(folder.resolve("model.safetensors"));

    assertThatThrownBy(() -> SafetensorsDirectory.open(folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(file + ": this is not a regular file");
  }

  private Path write(byte[] header, int dataBytes) throws Exception {
    return Files.write(
        folder.resolve("bad.safetensors"),
        ByteBuffer.allocate(8 + header.length + dataBytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .array());
  }
}
