package dev.unmask.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and config.json that belong to different kinds of model. */
class WrongKindTest {

  @TempDir Path folder;

  @Test
  void expertsAreNamed() throws Exception {
    TinyCheckpoint.of(Member.LLADA_BASE).write(folder);
    TinyCheckpoint.rewrite(
        folder,
        name -> name,
        "model.layers.0.mlp.experts.0.gate_proj.weight",
        new float[TinyCheckpoint.WIDTH]);

    refused(
        "tensors of experts, such as model.layers.0.mlp.experts.0.gate_proj.weight;"
            + " mixtures of experts are not supported");
  }

  @Test
  void namesOfAnotherLayoutAreNamed() throws Exception {
    TinyCheckpoint.of(Member.DREAM).write(folder);
    Path other = folder.resolve("other");
    TinyCheckpoint.of(Member.LLADA_BASE).write(other);
    Files.copy(
        other.resolve("config.json"),
        folder.resolve("config.json"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);

    refused(
        "config.json says LLaDAModelLM, whose embedding is called model.transformer.wte.weight,"
            + " but the files hold model.embed_tokens.weight");
  }

  @Test
  void aTiedHeadMayBeStoredIfItIsTheEmbedding() throws Exception {
    TinyCheckpoint.of(Member.ILLADA).write(folder);
    float[] embedding =
        java.util.Objects.requireNonNull(
                SafetensorsDirectory.open(folder).tensors().get("model.embed_tokens.weight"))
            .toFloats();
    TinyCheckpoint.rewrite(folder, name -> name, "lm_head.weight", embedding);
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32)) {
      assertThat(model.config().tiedHead()).isTrue();
    }

    TinyCheckpoint.of(Member.ILLADA).write(folder);
    embedding[7] += 1;
    TinyCheckpoint.rewrite(folder, name -> name, "lm_head.weight", embedding);
    refused("lm_head.weight is not equal to model.embed_tokens.weight");
  }

  private void refused(String sentence) {
    assertThatThrownBy(() -> LoadedModel.load(folder, Precision.F32).close())
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(sentence);
  }
}
