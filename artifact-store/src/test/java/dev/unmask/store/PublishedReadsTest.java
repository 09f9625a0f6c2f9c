package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What travels when a version is published to samplers, counted at the bucket. */
final class PublishedReadsTest {

  @TempDir Path work;

  private CountingStorage bucket;
  private RemoteStore publisher;

  @BeforeEach
  void open() throws StoreException {
    bucket = new CountingStorage(FolderStore.open(work.resolve("bucket")).storage());
    publisher = machine("publisher");
  }

  private RemoteStore machine(String name) throws StoreException {
    return RemoteStore.open(
        bucket, work.resolve(name), 1 << 30, new RemoteStore.Patience(1, Duration.ofMillis(1), 1));
  }

  /** As samplers do: each with a folder of its own, all at once. */
  private void takeUp(Manifest manifest, List<RemoteStore> samplers) throws Exception {
    try (var threads = Executors.newFixedThreadPool(samplers.size())) {
      List<Callable<Manifest>> all = new ArrayList<>();
      for (int i = 0; i < samplers.size(); i++) {
        RemoteStore store = samplers.get(i);
        Path folder = work.resolve("sampler-" + i + "-" + manifest.digest().hex());
        all.add(() -> {
          Manifest found = store.readManifest(manifest.digest());
          CheckpointFolders.materialize(store, found, folder);
          return found;
        });
      }
      for (Future<Manifest> one : threads.invokeAll(all)) {
        assertThat(one.get()).isEqualTo(manifest);
      }
    }
  }

  private static List<String> blobs(Manifest manifest) {
    return manifest.files().stream().map(file -> StoreNames.blob(file.digest())).toList();
  }

  @Test
  void aMachineReadsEachBlobOnceForItsThreeSamplersAndAnAdapterAloneTravels() throws Exception {
    List<RemoteStore> samplers = List.of(machine("here"), machine("here"), machine("here"));
    Manifest base = whole();
    bucket.calls.clear();
    takeUp(base, samplers);
    assertThat(bucket.named("open", StoreNames.BLOBS))
        .containsExactlyInAnyOrderElementsOf(blobs(base));

    bucket.calls.clear();
    Path folder = ModelFolders.adapter(work.resolve("adapter"));
    Manifest adapter =
        AdapterFolders.importFolder(
            publisher,
            folder,
            base,
            ManifestFacts.importedAdapter("a", base, AdapterFolders.kind(folder), "MIT"));
    assertThat(bucket.named("put", StoreNames.BLOBS))
        .as("only the adapter's files are sent")
        .containsExactlyInAnyOrderElementsOf(blobs(adapter));
    bucket.calls.clear();
    takeUp(adapter, samplers);
    assertThat(bucket.named("open", StoreNames.BLOBS))
        .as("only the adapter's files are read")
        .containsExactlyInAnyOrderElementsOf(blobs(adapter))
        .doesNotContainAnyElementsOf(blobs(base));
  }

  @Test
  void threeMachinesReadEachBlobOnceEach() throws Exception {
    Manifest base = whole();
    bucket.calls.clear();
    takeUp(base, List.of(machine("one"), machine("two"), machine("three")));
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      expected.addAll(blobs(base));
    }
    assertThat(bucket.named("open", StoreNames.BLOBS))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  private Manifest whole() throws IOException {
    return CheckpointFolders.importFolder(
        publisher,
        ModelFolders.single(work.resolve("model")),
        ManifestFacts.imported("tiny", "MIT"));
  }
}
