package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A publisher dies at every single write: the store is readable and holds no half checkpoint. */
final class CrashTest {

  private static final ManifestFacts FACTS = ManifestFacts.imported("tiny", "MIT");

  @TempDir Path work;

  /** The end of a process; nothing of the code under test catches it. */
  private static final class Crash extends Error {
    private static final long serialVersionUID = 1;
  }

  /** Lets some steps pass and then ends the process. */
  private static final class Countdown implements Runnable {
    private int left;

    Countdown(int left) {
      this.left = left;
    }

    @Override
    public void run() {
      if (left-- <= 0) {
        throw new Crash();
      }
    }
  }

  /** Every checkpoint that can be seen can be laid out. */
  private void requireWhole(ArtifactStore store, Path scratch) throws IOException {
    for (ObjectStorage.Stat stat : store.storage().list(StoreNames.MANIFESTS)) {
      Manifest manifest = store.readManifest(StoreNames.digest(stat.name()).orElseThrow());
      CheckpointFolders.export(store, manifest, scratch.resolve(manifest.digest().hex()));
    }
    for (StoredFile file : store.files()) {
      assertThat(store.openFile(file.id())).isNotEmpty();
    }
  }

  @Test
  void onAFolder() throws IOException {
    Path model = ModelFolders.sharded(work.resolve("model"));
    int crashes = 0;
    for (boolean done = false; !done; crashes++) {
      Path root = work.resolve("store-" + crashes);
      FolderStore dying = FolderStore.open(root, Clock.systemUTC(), new Countdown(crashes));
      done = survives(dying, model);
      requireWhole(FolderStore.open(root), work.resolve("out-" + crashes));
      // Whoever comes next can do it all.
      Manifest again = CheckpointFolders.importFolder(FolderStore.open(root), model, FACTS);
      assertThat(FolderStore.open(root).readManifest(again.digest())).isEqualTo(again);
    }
    // A lease, six files, a manifest and an upload, each of several steps.
    assertThat(crashes).isGreaterThan(50);
  }

  /** Throws a checked exception from a place that declares none, as the disk does below it. */
  @SuppressWarnings("unchecked")
  private static <E extends Exception> void raise(Exception failure) throws E {
    throw (E) failure;
  }

  @Test
  void aDiskThatFillsUpAtAnyWriteIsASentenceAndLeavesNothingHalf() throws IOException {
    Path model = ModelFolders.sharded(work.resolve("model"));
    int full = 0;
    for (boolean done = false; !done; full++) {
      Path root = work.resolve("store-" + full);
      int[] left = {full};
      FolderStore filling =
          FolderStore.open(
              root,
              Clock.systemUTC(),
              () -> {
                if (left[0]-- <= 0) {
                  CrashTest.<RuntimeException>raise(new IOException("No space left on device"));
                }
              });
      try {
        done = survives(filling, model);
      } catch (IOException e) {
        assertThat(e).isInstanceOf(StoreException.class).hasMessageContaining("No space left");
      }
      assertThat(root.resolve("tmp")).isEmptyDirectory();
      requireWhole(FolderStore.open(root), work.resolve("out-" + full));
    }
    assertThat(full).isGreaterThan(50);
  }

  @Test
  void onOtherStorageBeforeAndAfterEachObject() throws IOException {
    Path model = ModelFolders.sharded(work.resolve("model"));
    int crashes = 0;
    for (boolean done = false; !done; crashes++) {
      FolderStore origin = FolderStore.open(work.resolve("store-" + crashes));
      Countdown countdown = new Countdown(crashes);
      ObjectStorage dying =
          new ForwardingStorage(origin.storage()) {
            @Override
            public void put(String name, Path file, Digest digest) throws StoreException {
              countdown.run();
              super.put(name, file, digest);
              countdown.run();
            }
          };
      done = survives(machine(dying, crashes + "-dying"), model);
      RemoteStore next = machine(origin.storage(), crashes + "-next");
      requireWhole(next, work.resolve("out-" + crashes));
      Manifest again = CheckpointFolders.importFolder(next, model, FACTS);
      assertThat(origin.readManifest(again.digest())).isEqualTo(again);
    }
    assertThat(crashes).isGreaterThan(18);
  }

  private RemoteStore machine(ObjectStorage storage, String name) throws StoreException {
    return RemoteStore.open(
        storage,
        work.resolve("cache-" + name),
        1 << 30,
        new RemoteStore.Patience(2, Duration.ofMillis(1), 1 << 20));
  }

  private boolean survives(ArtifactStore store, Path model) throws IOException {
    try {
      Manifest unused = CheckpointFolders.importFolder(store, model, FACTS);
      try (var rows = Files.newInputStream(model.resolve("tokenizer.json"))) {
        StoredFile unusedFile =
            store.putFile(rows, "rows", "fine-tune", StoredFile.DEFAULT_TENANT, 1 << 20);
      }
      return true;
    } catch (Crash e) {
      return false;
    }
  }

  @Test
  void twoPublishersAtOnce() throws Exception {
    Path one = ModelFolders.sharded(work.resolve("one"));
    Path two = ModelFolders.single(work.resolve("two"));
    Path root = work.resolve("store");
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Manifest>> publishers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Path folder = i % 2 == 0 ? one : two;
        publishers.add(() -> CheckpointFolders.importFolder(FolderStore.open(root), folder, FACTS));
      }
      for (Future<Manifest> published : threads.invokeAll(publishers)) {
        assertThat(published.get().files()).isNotEmpty();
      }
    }
    FolderStore store = FolderStore.open(root);
    assertThat(store.storage().list(StoreNames.MANIFESTS)).hasSize(2);
    requireWhole(store, work.resolve("out"));
  }
}
