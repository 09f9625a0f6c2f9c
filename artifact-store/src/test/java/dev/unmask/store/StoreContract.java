package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.store.StoreException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store does, whatever it lies on. */
abstract class StoreContract {

  private static final ManifestFacts FACTS = ManifestFacts.imported("tiny", "Apache-2.0");

  @TempDir Path work;

  /** A store on the same content each time, as another process on another machine sees it. */
  abstract ArtifactStore open() throws StoreException;

  static InputStream text(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  /** What a failing disk or a careless person does. */
  private void damage(ArtifactStore store, String name, String content) throws IOException {
    Path file = Files.writeString(work.resolve("damage"), content);
    store.storage().put(name, file, Digest.of(content.getBytes(StandardCharsets.UTF_8)));
    Files.deleteIfExists(file);
  }

  @Test
  void aBlobComesBackUnderItsSha256WhereverItIsRead() throws IOException {
    Digest digest = open().putBlob(text("abc"));
    assertThat(digest)
        .hasToString("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ArtifactStore other = open();
    assertThat(other.hasBlob(digest)).isTrue();
    assertThat(other.openBlob(digest)).hasContent("abc");
    assertThat(other.openBlob(digest, 1)).hasContent("bc");
    assertThat(other.localBlob(digest)).hasContent("abc");
    assertThat(other.storage().list(StoreNames.BLOBS))
        .extracting(ObjectStorage.Stat::name)
        .containsExactly("blobs/sha256/ba/78/" + digest.hex());
  }

  @Test
  void anEmptyBlobIsABlob() throws IOException {
    Digest digest = open().putBlob(text(""));
    assertThat(open().openBlob(digest)).hasContent("");
  }

  @Test
  void manyWritersOfOneBlobAgree() throws Exception {
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Digest>> puts = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        puts.add(() -> open().putBlob(text("same")));
      }
      for (Future<Digest> put : threads.invokeAll(puts)) {
        assertThat(open().openBlob(put.get())).hasContent("same");
      }
    }
    assertThat(open().storage().list(StoreNames.BLOBS)).hasSize(1);
  }

  @Test
  void whatIsMissingIsNotFound() throws IOException {
    Digest nothing = Digest.of(new byte[] {1});
    ArtifactStore store = open();
    assertThat(store.hasBlob(nothing)).isFalse();
    assertThat(store.hasManifest(nothing)).isFalse();
    assertThat(store.signature(nothing)).isEmpty();
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.localBlob(nothing))
        .withMessageContaining("has no blob " + nothing)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.readManifest(nothing))
        .withMessageContaining("has no manifest " + nothing)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
  }

  @ParameterizedTest
  @ValueSource(strings = {"weightr", "weight", "weights!", ""})
  void wrongBytesAreNeverHandedOut(String wrong) throws IOException {
    Digest digest = open().putBlob(text("weights"));
    damage(open(), StoreNames.blob(digest), wrong);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> open().openBlob(digest))
        .withMessageContaining("damaged")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
  }

  @Test
  void aManifestWhoseBytesAreWrongIsRefused() throws IOException {
    Manifest manifest =
        CheckpointFolders.importFolder(open(), ModelFolders.single(work.resolve("m")), FACTS);
    damage(open(), StoreNames.manifest(manifest.digest()), "{}");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> open().readManifest(manifest.digest()))
        .withMessageContaining("damaged")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
  }

  @Test
  void aManifestIsRefusedWhileABlobOfItsIsMissing() throws IOException {
    Manifest manifest = ManifestTest.manifest("model.safetensors", java.util.Map.of());
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> open().putManifest(manifest))
        .withMessageContaining("blobs go first");
    assertThat(open().storage().list(StoreNames.MANIFESTS)).isEmpty();
  }

  @Test
  void aModelGoesInAndComesOutTheSame() throws IOException {
    Path model = ModelFolders.sharded(work.resolve("model"));
    Files.writeString(model.resolve("generation_config.json"), "{\"steps\": 64}\n");
    Files.writeString(model.resolve("README.md"), "---\nlicense: mit\n---\n# Tiny\n");
    Files.writeString(model.resolve("chat_template.jinja"), "{{ messages }}\n");
    Manifest manifest = CheckpointFolders.importFolder(open(), model, FACTS);
    Path out = work.resolve("out");
    ArtifactStore other = open();
    CheckpointFolders.export(other, other.readManifest(manifest.digest()), out);
    assertThat(manifest.files()).hasSize(9);
    assertThat(manifest.diffusion().defaultSteps()).isEqualTo(64);
    for (ManifestFile file : manifest.files()) {
      assertThat(out.resolve(file.path())).hasSameBinaryContentAs(model.resolve(file.path()));
    }
    assertThat(CheckpointFolders.importFolder(open(), out, FACTS)).isEqualTo(manifest);
  }

  @Test
  void anAdapterGoesInAndComesOutTheSame() throws IOException {
    Manifest base =
        CheckpointFolders.importFolder(open(), ModelFolders.single(work.resolve("m")), FACTS);
    Path folder = ModelFolders.adapter(work.resolve("adapter"));
    Manifest adapter =
        AdapterFolders.importFolder(
            open(),
            folder,
            base,
            ManifestFacts.importedAdapter("a", base, AdapterFolders.kind(folder), "MIT"));
    assertThat(adapter.kind()).isEqualTo(Manifest.Kind.LORA);
    assertThat(adapter.baseDigest()).isEqualTo(base.digest());
    assertThat(adapter.architecture()).isEqualTo(base.architecture());
    assertThat(adapter.lora())
        .isEqualTo(new Manifest.Lora(2, 4, List.of("model.layers.0.q"), 0.1, false));
    Path out = work.resolve("out");
    CheckpointFolders.export(open(), open().readManifest(adapter.digest()), out);
    for (ManifestFile file : adapter.files()) {
      assertThat(out.resolve(file.path())).hasSameBinaryContentAs(folder.resolve(file.path()));
    }
  }

  @Test
  void anUploadComesBackWithItsFactsAndCanBeForgotten() throws IOException {
    StoredFile put = open().putFile(text("{}\n"), "../../etc/passwd", "fine-tune", "acme", 3);
    assertThat(put.id()).matches("file-[0-9a-f]{24}");
    ArtifactStore other = open();
    assertThat(other.file(put.id())).contains(put);
    assertThat(other.files()).containsExactly(put);
    assertThat(other.openFile(put.id())).hasContent("{}\n");
    assertThat(open().forgetFile(put.id())).isTrue();
    assertThat(other.forgetFile(put.id())).isFalse();
    assertThat(other.files()).isEmpty();
  }

  @Test
  void anUploadOverTheLimitIsRefusedAndGone() throws IOException {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(
            () -> open().putFile(text("four"), "f", "fine-tune", StoredFile.DEFAULT_TENANT, 3))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TOO_LARGE));
    assertThat(open().files()).isEmpty();
    assertThat(open().storage().list(StoreNames.BLOBS)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../secret", "file-../../../secret", "/etc/passwd", "file-\u0000"})
  void anIdThatIsNoneFindsNothing(String id) throws IOException {
    assertThat(open().file(id)).isEmpty();
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> open().openFile(id))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
  }

  @Test
  void aLeaseHoldsUntilItIsGivenBackOrItsTimeIsOver() throws IOException {
    Digest held = Digest.of(new byte[] {1});
    Digest past = Digest.of(new byte[] {2});
    Lease over = open().lease("somebody who died", Set.of(past), Duration.ofSeconds(-1));
    try (Lease lease = open().lease("sampler-1", Set.of(held), Duration.ofMinutes(5))) {
      lease.requireValid();
      assertThat(open().leased()).containsExactly(held);
    }
    assertThat(open().leased()).isEmpty();
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(over::requireValid)
        .withMessageContaining("longer");
  }

  @Test
  void publishingAndCollectingExcludeEachOther() throws IOException {
    try (Lease publishing = open().publishing("import of tiny")) {
      publishing.requireValid();
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(() -> open().collecting(Duration.ofMinutes(5)))
          .withMessageContaining("import of tiny");
    }
    try (Lease collecting = open().collecting(Duration.ofMinutes(5))) {
      collecting.requireValid();
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(() -> open().collecting(Duration.ofMinutes(5)))
          .withMessageContaining("another collection");
    }
    assertThat(open().storage().list(StoreNames.LEASES)).isEmpty();
  }
}
