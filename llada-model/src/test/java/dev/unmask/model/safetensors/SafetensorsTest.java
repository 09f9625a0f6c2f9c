package dev.unmask.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {

  @TempDir Path folder;

  @Test
  void readsBackWhatItWrites() throws Exception {
    Path file = folder.resolve("model.safetensors");
    new SafetensorsWriter()
        .add("a", ElementType.F32, new long[] {2, 2}, () -> new float[] {1, -2, 3.5f, 0x1p-100f})
        .add("b", ElementType.BF16, new long[] {3}, () -> new float[] {1, 0x1.01p0f, -3.1406f})
        .write(file);

    SafetensorsFile read = SafetensorsFile.open(file);
    assertThat(read.tensors().keySet()).containsExactly("a", "b");
    assertThat(read.require("a").shape()).containsExactly(2, 2);
    assertThat(read.require("a").toFloats()).containsExactly(1, -2, 3.5f, 0x1p-100f);
    // Halfway goes to the even neighbour, which is below.
    assertThat(read.require("b").toFloats()).containsExactly(1, 1, -3.140625f);
    assertThat(read.require("b").data().isReadOnly()).isTrue();
  }

  @Test
  void followsTheIndexOfShards() throws Exception {
    SafetensorsDirectory files =
        SafetensorsDirectory.open(Path.of("src/test/resources/golden/grouped-bf16-sharded"));

    assertThat(files.tensors()).hasSize(2 * 9 + 2);
    assertThat(files.require("model.transformer.wte.weight", 384, 96).type())
        .isEqualTo(ElementType.BF16);
    assertThatThrownBy(() -> files.require("model.transformer.wte.weight", 384, 97))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("should have the shape [384, 97]");
  }

  @Test
  void refusesShortFilesAndMissingOnes() throws Exception {
    Path file = Files.write(folder.resolve("short.safetensors"), new byte[] {1, 2, 3});
    assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining("has 3 bytes");
    Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, 0});
    assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining("not safetensors");
    assertThatThrownBy(() -> SafetensorsDirectory.open(folder))
        .hasMessageContaining("holds neither model.safetensors nor model.safetensors.index.json");
  }
}
