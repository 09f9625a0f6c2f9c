package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CheckpointFoldersTest {

  private static final ManifestFacts FACTS = ManifestFacts.imported("tiny", "Apache-2.0");
  private static final String SHARD_2 = "model-00002-of-00002.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path temp;
  private FolderStore store;
  private Path model;

  @BeforeEach
  void open() throws IOException {
    store = FolderStore.open(temp.resolve("store"));
    model = temp.resolve("model");
  }

  private void refused(String sentence) {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> CheckpointFolders.importFolder(store, model, FACTS))
        .withMessageContaining(sentence)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID));
    assertThat(temp.resolve("store/manifests")).doesNotExist();
  }

  @Test
  void aFolderGoesInAndComesOutTheSame() throws IOException {
    Manifest manifest = CheckpointFolders.importFolder(store, ModelFolders.sharded(model), FACTS);
    assertThat(store.readManifest(manifest.digest())).isEqualTo(manifest);
    assertThat(manifest.files())
        .extracting(ManifestFile::path)
        .containsExactly(
            "config.json",
            "model-00001-of-00002.safetensors",
            SHARD_2,
            INDEX,
            "tokenizer.json",
            "tokenizer_config.json");
    assertThat(manifest.architecture())
        .isEqualTo(
            new Manifest.Architecture(
                "llada", 1, 8, 2, 2, 16, 10, 64, false, null, null, 500_000.0, "F32", 10));
    assertThat(manifest.diffusion())
        .isEqualTo(new Manifest.Diffusion(9, 7, 7, "linear", false, null, null, null, null));
    assertThat(manifest.chatTemplateDigest())
        .isEqualTo(Digest.of("T".getBytes(StandardCharsets.UTF_8)));
    Path out = temp.resolve("out");
    CheckpointFolders.materialize(store, manifest, out);
    for (ManifestFile file : manifest.files()) {
      assertThat(out.resolve(file.path())).hasSameBinaryContentAs(model.resolve(file.path()));
    }
    CheckpointFolders.materialize(store, manifest, out);
  }

  @Test
  void importingAgainGivesTheSameDigest() throws IOException {
    ModelFolders.single(model);
    Digest first = CheckpointFolders.importFolder(store, model, FACTS).digest();
    Files.writeString(model.resolve("modeling_llada.py"), "changed, but not part of the model");
    assertThat(CheckpointFolders.importFolder(store, model, FACTS).digest()).isEqualTo(first);
    Files.write(model.resolve("model.safetensors"), ModelFolders.safetensors("a", 7));
    assertThat(CheckpointFolders.importFolder(store, model, FACTS).digest()).isNotEqualTo(first);
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    Files.delete(ModelFolders.sharded(model).resolve(SHARD_2));
    refused("the shard " + SHARD_2 + " that " + INDEX + " names is missing");
  }

  @Test
  void aCutOffShardIsNamed() throws IOException {
    Path shard = ModelFolders.sharded(model).resolve(SHARD_2);
    byte[] whole = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(whole, whole.length - 1));
    refused(
        SHARD_2
            + " is not a whole safetensors file: its tensors need 16 bytes after the header,"
            + " the file has 15");
    Files.write(shard, Arrays.copyOf(whole, 5));
    refused("it has 5 bytes and not even a header");
    Files.write(shard, Arrays.copyOf(whole, 20));
    refused("its header should have");
  }

  @Test
  void aTensorThatNoShardHoldsIsNamed() throws IOException {
    Path shard = ModelFolders.sharded(model).resolve(SHARD_2);
    Files.write(shard, ModelFolders.safetensors("c", 4));
    refused("'b', but no shard does");
  }

  @Test
  void aShardOutsideTheFolderIsRefused() throws IOException {
    Path index = ModelFolders.sharded(model).resolve(INDEX);
    Files.copy(model.resolve(SHARD_2), temp.resolve("outside.safetensors"));
    Files.writeString(index, Files.readString(index).replace(SHARD_2, "../outside.safetensors"));
    refused("'../outside.safetensors' is not allowed");
  }

  @Test
  void aFolderThatIsNoModelSaysWhatIsMissing() throws IOException {
    refused("is not a folder");
    Files.createDirectories(model);
    refused("it has no config.json");
    ModelFolders.single(model);
    Files.delete(model.resolve("model.safetensors"));
    refused("has no weights");
    ModelFolders.single(model);
    Files.writeString(
        model.resolve("config.json"), ModelFolders.CONFIG.replace("\"d_model\":8,", ""));
    refused("names neither d_model nor hidden_size");
    Files.writeString(model.resolve("config.json"), "{");
    refused("config.json is not JSON");
  }

  @Test
  void aDamagedBlobIsNotLaidOut() throws IOException {
    Manifest manifest = CheckpointFolders.importFolder(store, ModelFolders.single(model), FACTS);
    ManifestFile weights =
        manifest.files().stream()
            .filter(f -> f.role() == ManifestFile.Role.WEIGHTS)
            .findFirst()
            .orElseThrow();
    Path blob = FolderStore.open(store.root()).localBlob(weights.digest());
    assertThat(blob.toFile().setWritable(true)).isTrue();
    byte[] content = Files.readAllBytes(blob);
    content[content.length - 1] ^= 1;
    Files.write(blob, content);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() ->
            CheckpointFolders.materialize(
                FolderStore.open(store.root()), manifest, temp.resolve("out")))
        .withMessageContaining("model.safetensors of the model 'tiny': the blob")
        .withMessageContaining("is damaged")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
    assertThat(temp.resolve("out/model.safetensors")).doesNotExist();
  }

  @Test
  void aHalfLaidOutFolderIsCompletedAndAForeignOneRefused() throws IOException {
    Manifest manifest = CheckpointFolders.importFolder(store, ModelFolders.single(model), FACTS);
    Path out = Files.createDirectories(temp.resolve("out"));
    Files.writeString(out.resolve("config.json"), "torn");
    Files.writeString(out.resolve("1234.partial"), "left by a crash");
    CheckpointFolders.materialize(store, manifest, out);
    assertThat(out.resolve("config.json")).hasContent(ModelFolders.CONFIG);
    assertThat(out.resolve("1234.partial")).doesNotExist();
    Files.writeString(out.resolve("model.safetensors.index.json"), "{}");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> CheckpointFolders.materialize(store, manifest, out))
        .withMessageContaining("already holds model.safetensors.index.json");
  }

  @Test
  void aManifestWithoutItsBlobsIsRefused() {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(
            () -> store.putManifest(ManifestTest.manifest("m.safetensors", java.util.Map.of())))
        .withMessageContaining("blobs go first");
  }

  @Test
  void aLinkOutOfTheFolderIsRefusedAndTheCacheOfTheHubIsNot() throws IOException {
    ModelFolders.single(model);
    Path secret = Files.writeString(temp.resolve("secret"), "# Not yours");
    Files.createSymbolicLink(model.resolve("README.md"), secret);
    refused("is a link out of its folder, to " + secret.toRealPath());
    Path hub = temp.resolve("hub");
    Path snapshot = ModelFolders.single(hub.resolve("snapshots/abc"));
    Files.createDirectories(hub.resolve("blobs"));
    Files.move(snapshot.resolve("model.safetensors"), hub.resolve("blobs/1234"));
    Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs/1234"));
    assertThat(CheckpointFolders.importFolder(store, snapshot, FACTS).files()).hasSize(4);
  }

  @Test
  void aManifestThatDescribesAnotherModelIsRefused() throws IOException {
    Manifest right = CheckpointFolders.importFolder(store, ModelFolders.single(model), FACTS);
    String json = new String(right.canonicalJson(), StandardCharsets.UTF_8);
    untrue(json.replace("\"layers\":1", "\"layers\":2"), "it says layers 2, its files say 1");
    untrue(json.replace("\"mask_token_id\":9", "\"mask_token_id\":8"), "mask_token_id 8");
    untrue(
        json.replace(
            "\"tokenizer_digest\":\"" + right.tokenizerDigest(),
            "\"tokenizer_digest\":\"" + Digest.of(new byte[] {1})),
        "it says tokenizer_digest");
  }

  private void untrue(String json, String sentence) throws StoreException {
    Manifest wrong = Manifest.parse(json.getBytes(StandardCharsets.UTF_8));
    assertThat(store.putManifest(wrong)).isEqualTo(wrong.digest());
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> CheckpointFolders.materialize(store, wrong, temp.resolve("wrong")))
        .withMessageContaining("describes another model than its files are")
        .withMessageContaining(sentence);
  }
}
