package dev.unmask.sft.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.testkit.TinyModel;
import dev.unmask.text.LladaTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model that was trained keeps of the folder that it began as. */
final class ModelFolderTest {

  @TempDir private Path folder;

  @Test
  void aTemplateInAFileOfItsOwnAndTheLicenceGoWithTheWeightsAndTheCardDoesNot() throws Exception {
    Path parent = folder.resolve("parent");
    TinyModel.small().writeBase(parent);
    Files.writeString(parent.resolve("chat_template.jinja"), "{{ messages[0].content }}<|eot_id|>");
    Files.writeString(parent.resolve("LICENSE"), "Apache-2.0");
    Files.writeString(parent.resolve("NOTICE"), "by its authors");
    Files.writeString(parent.resolve("README.md"), "what the parent can do");
    Files.writeString(parent.resolve("optimizer.pt"), "no part of a model");
    Path child = folder.resolve("child");
    try (TrainableModel model = TrainableModel.load(parent, Compute.FLOAT32)) {
      ModelFolder.write(child, model, parent);
    }
    try (LladaTokenizer tokenizer = LladaTokenizer.load(child)) {
      assertThat(tokenizer.hasChatTemplate()).isTrue();
    }
    assertThat(child.resolve("LICENSE")).hasContent("Apache-2.0");
    assertThat(child.resolve("NOTICE")).hasContent("by its authors");
    assertThat(child.resolve("README.md")).doesNotExist();
    assertThat(child.resolve("optimizer.pt")).doesNotExist();
    assertThat(ModelConfig.load(child)).isEqualTo(ModelConfig.load(parent));
  }
}
