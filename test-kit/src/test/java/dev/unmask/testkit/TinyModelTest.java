package dev.unmask.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TinyModelTest {

  @TempDir Path temp;

  private Manifest manifest(TinyModel model, String name) throws IOException {
    return CheckpointFolders.importFolder(
        FolderStore.open(temp.resolve("store")),
        model.write(temp.resolve(name)),
        ManifestFacts.imported("tiny", "Apache-2.0"));
  }

  @Test
  void theFolderIsWholeInEveryForm() throws IOException {
    Manifest one = manifest(TinyModel.small(), "one");
    assertThat(one.architecture().paramCount()).isEqualTo(37_024);
    assertThat(one.architecture().dtype()).isEqualTo("F32");
    assertThat(one.diffusion().maskTokenId()).isEqualTo(TinyModel.MASK);
    assertThat(manifest(TinyModel.small(), "again").digest()).isEqualTo(one.digest());
    assertThat(manifest(TinyModel.small().withSeed(8), "other").digest())
        .isNotEqualTo(one.digest());
    Manifest shards = manifest(TinyModel.small().withBf16().inShards(3), "shards");
    assertThat(shards.architecture().paramCount()).isEqualTo(37_024);
    assertThat(shards.architecture().dtype()).isEqualTo("BF16");
    assertThat(shards.files()).anyMatch(f -> f.path().equals("model-00003-of-00003.safetensors"));
  }

  @Test
  void byteIsTokenAndTheChatTemplateIsLladas() throws Exception {
    try (LladaTokenizer tokenizer =
        LladaTokenizer.load(TinyModel.small().write(temp.resolve("m")))) {
      assertThat(tokenizer.encode("hé\n")).containsExactly('h', 0xc3, 0xa9, '\n');
      assertThat(tokenizer.decode(new int[] {'h', 0xc3, 0xa9, TinyModel.EOS})).isEqualTo("hé");
      assertThat(tokenizer.special().mask()).isEqualTo(TinyModel.MASK);
      assertThat(tokenizer.special().eos()).isEqualTo(TinyModel.EOS);
      assertThat(tokenizer.special().eot()).isEqualTo(TinyModel.END_OF_TURN);
      assertThat(tokenizer.vocabularySize()).isEqualTo(TinyModel.VOCABULARY);
      int[] chat = tokenizer.encodeChat(List.of(new ChatMessage("user", " x ")));
      assertThat(chat).startsWith(TinyModel.BOS).hasSize(1 + 1 + 4 + 1 + 2 + 1 + 1 + 1 + 9 + 1 + 2);
      assertThat(tokenizer.decode(chat)).isEqualTo("user\n\nxassistant\n\n");
      assertThat("x".getBytes(StandardCharsets.UTF_8)).containsExactly(chat[9]);
    }
  }
}
