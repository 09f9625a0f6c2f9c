package dev.unmask.store.gc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.store.AdapterFolders;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Lease;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.ManifestFile;
import dev.unmask.store.ModelFolders;
import dev.unmask.store.ObjectStorage;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoreNames;
import dev.unmask.store.StoredFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GarbageCollectionTest {

  private static final Duration HOUR = Duration.ofHours(1);

  /** Everything that was stored just now is old to it. */
  private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));

  @TempDir Path work;
  private ArtifactStore store;

  @BeforeEach
  void open() throws StoreException {
    store = FolderStore.open(work.resolve("store"));
  }

  private Manifest model(String name) throws IOException {
    Path folder = ModelFolders.single(work.resolve("model-" + name));
    Files.writeString(folder.resolve("README.md"), "# " + name + "\n");
    return CheckpointFolders.importFolder(store, folder, ManifestFacts.imported(name, "MIT"));
  }

  private GarbageCollection.Report collect(boolean dryRun, Digest... needed) throws StoreException {
    return GarbageCollection.run(store, Set.of(needed), HOUR, dryRun, LATER);
  }

  private Digest card(Manifest manifest) {
    return manifest.files().stream()
        .filter(f -> f.role() == ManifestFile.Role.CARD)
        .findFirst()
        .orElseThrow()
        .digest();
  }

  @Test
  void whatNobodyNeedsGoesAndWhatIsSharedStays() throws IOException {
    Manifest kept = model("kept");
    Manifest gone = model("gone");
    StoredFile upload =
        store.putFile(
            new ByteArrayInputStream("rows".getBytes(StandardCharsets.UTF_8)),
            "r",
            "p",
            "default",
            9);
    Digest stray = store.putBlob(new ByteArrayInputStream(new byte[] {1, 2, 3}));
    GarbageCollection.Report dry = collect(true, kept.digest());
    assertThat(dry.manifests()).containsExactly(gone.digest());
    assertThat(dry.blobs()).containsExactlyInAnyOrder(stray, card(gone));
    assertThat(store.hasManifest(gone.digest())).isTrue();
    assertThat(store.hasBlob(stray)).isTrue();
    assertThat(collect(false, kept.digest())).isEqualTo(dry);
    assertThat(store.hasManifest(gone.digest())).isFalse();
    assertThat(store.hasBlob(stray)).isFalse();
    assertThat(store.openFile(upload.id())).hasContent("rows");
    CheckpointFolders.materialize(store, kept, work.resolve("out"));
    assertThat(collect(false, kept.digest()).blobs()).isEmpty();
  }

  @Test
  void whatIsYoungStays() throws IOException {
    Manifest young = model("young");
    Digest stray = store.putBlob(new ByteArrayInputStream(new byte[] {1}));
    GarbageCollection.Report report =
        GarbageCollection.run(store, Set.of(), HOUR, false, Clock.systemUTC());
    assertThat(report.manifests()).isEmpty();
    assertThat(report.blobs()).isEmpty();
    assertThat(store.hasBlob(stray)).isTrue();
    CheckpointFolders.materialize(store, young, work.resolve("out"));
  }

  @Test
  void theBaseOfAnAdapterStaysWithIt() throws IOException {
    Manifest base = model("base");
    Path folder = ModelFolders.adapter(work.resolve("adapter"));
    Manifest adapter =
        AdapterFolders.importFolder(
            store,
            folder,
            base,
            ManifestFacts.importedAdapter("a", base, Manifest.Kind.LORA, "MIT"));
    assertThat(collect(false, adapter.digest()).manifests()).isEmpty();
    CheckpointFolders.materialize(store, base, work.resolve("out"));
    assertThat(collect(false, base.digest()).manifests()).containsExactly(adapter.digest());
  }

  @Test
  void aLeaseKeepsItsManifestForItsTime() throws IOException {
    Manifest leased = model("leased");
    try (Lease lease = store.lease("sampler-1", Set.of(leased.digest()), Duration.ofHours(9))) {
      lease.requireValid();
      assertThat(collect(false).manifests()).isEmpty();
    }
    assertThat(collect(false).manifests()).containsExactly(leased.digest());
  }

  @Test
  void aNeededManifestThatCannotBeReadStopsItBeforeAnythingIsRemoved() throws IOException {
    Manifest needed = model("needed");
    Manifest other = model("other");
    Path file = work.resolve("store").resolve(StoreNames.manifest(needed.digest()));
    assertThat(file.toFile().setWritable(true)).isTrue();
    Files.writeString(file, "{}");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> collect(false, needed.digest()))
        .withMessageContaining("nothing was removed");
    assertThat(store.hasManifest(other.digest())).isTrue();
    assertThat(store.storage().list("leases/")).isEmpty();
  }

  /** With no grace at all only the exclusion protects who publishes what was about to be swept. */
  @Test
  void publishersAndCollectionsAtOnceLeaveNoHalfCheckpoint() throws Exception {
    Path folder = ModelFolders.sharded(work.resolve("model"));
    try (var threads = Executors.newFixedThreadPool(3)) {
      Callable<Integer> publisher =
          () -> {
            for (int i = 0; i < 12; i++) {
              Manifest unused =
                  CheckpointFolders.importFolder(
                      FolderStore.open(work.resolve("store")),
                      folder,
                      ManifestFacts.imported("m" + Thread.currentThread().threadId(), "MIT"));
            }
            return 0;
          };
      Callable<Integer> collector =
          () -> {
            int done = 0;
            for (int i = 0; i < 40; i++) {
              try {
                done +=
                    GarbageCollection.run(store, Set.of(), Duration.ZERO, false, LATER).whole()
                        ? 1
                        : 0;
              } catch (StoreException e) {
                assertThat(e).hasMessageContaining("is being published");
                Thread.sleep(2);
              }
            }
            return done;
          };
      List<Future<Integer>> all = threads.invokeAll(List.of(publisher, publisher, collector));
      for (Future<Integer> one : all) {
        assertThat(one.get()).isNotNegative();
      }
    }
    for (ObjectStorage.Stat stat : store.storage().list(StoreNames.MANIFESTS)) {
      Manifest manifest = store.readManifest(StoreNames.digest(stat.name()).orElseThrow());
      CheckpointFolders.materialize(
          store, manifest, work.resolve("out-" + manifest.digest().hex()));
    }
  }
}
