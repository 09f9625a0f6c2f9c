package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that are not quite a model. */
class LoadedModelTest {

  @TempDir Path folder;

  @BeforeEach
  void copy() throws IOException {
    try (Stream<Path> files =
        Files.list(Path.of("src/test/resources/golden/grouped-bf16-sharded"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
  }

  @Test
  void knowsItsSize() throws Exception {
    try (LoadedModel model = LoadedModel.load(folder, Precision.BF16)) {
      assertThat(model.parameterCount()).isEqualTo(467_904 / 2);
    }
  }

  @Test
  void aMissingShardIsNamed() throws Exception {
    Files.delete(folder.resolve("model-00002-of-00003.safetensors"));

    refused("model-00002-of-00003.safetensors does not exist");
  }

  @Test
  void aShortShardIsNamed() throws Exception {
    Path shard = folder.resolve("model-00003-of-00003.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, java.util.Arrays.copyOf(bytes, bytes.length - 100));

    refused("model-00003-of-00003.safetensors: tensor", "it is cut short");
  }

  @Test
  void aWrongShapeIsNamed() throws Exception {
    replaceInConfig("\"mlp_hidden_size\": 256", "\"mlp_hidden_size\": 192");

    refused("blocks.0.ff_proj.weight BF16[256, 96] should have the shape [192, 96]");
  }

  @Test
  void aMissingTensorIsNamed() throws Exception {
    replaceInConfig("\"weight_tying\": true", "\"weight_tying\": false");

    refused("has no tensor model.transformer.ff_out.weight");
  }

  @Test
  void tensorsThatWouldBeIgnoredAreNamed() throws Exception {
    replaceInConfig("\"n_layers\": 2", "\"n_layers\": 1");

    refused("9 tensors that config.json gives no use", "blocks.1.attn_norm.weight");
  }

  @Test
  void anUnknownValueIsNamed() throws Exception {
    replaceInConfig("\"activation_type\": \"silu\"", "\"activation_type\": \"gelu\"");

    refused("activation_type is \"gelu\"; it must be \"silu\"");
  }

  private void replaceInConfig(String old, String changed) throws IOException {
    Path config = folder.resolve(ModelConfig.FILE_NAME);
    String text = Files.readString(config);
    assertThat(text).contains(old);
    Files.writeString(config, text.replace(old, changed));
  }

  private void refused(String... parts) {
    assertThatThrownBy(() -> LoadedModel.load(folder, Precision.F32).close())
        .isInstanceOf(InvalidModelException.class)
        .message()
        .contains(parts);
  }
}
