package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a start and a look at one version ask of storage does not depend on how many versions there
 * are.
 */
final class ManyVersionsTest {

  private static final List<Integer> VERSIONS = List.of(1, 100, 1_000);

  @TempDir Path work;

  /** The same files each time, which is what a long line of versions of one model mostly is. */
  private static Manifest version(FolderStore store, Manifest first, int number)
      throws IOException {
    Manifest next =
        new Manifest(
            first.schemaVersion(),
            first.model(),
            first.base(),
            first.kind(),
            (long) number,
            first.baseDigest(),
            first.parentDigest(),
            first.files(),
            first.architecture(),
            first.diffusion(),
            first.tokenizerDigest(),
            first.chatTemplateDigest(),
            first.lora(),
            first.training(),
            Map.of("number", (double) number),
            first.probe(),
            first.licence(),
            first.attributions(),
            first.compat(),
            null);
    // What putManifest does, without waiting for the disk a thousand times.
    Path unused =
        Files.write(store.root().resolve(StoreNames.manifest(next.digest())), next.canonicalJson());
    return next;
  }

  @Test
  void aStartListsNothingAndAVersionIsFoundByItsName() throws IOException {
    FolderStore origin = FolderStore.open(work.resolve("store"));
    Set<List<String>> starts = new LinkedHashSet<>();
    Set<List<String>> looks = new LinkedHashSet<>();
    Manifest first =
        CheckpointFolders.importFolder(
            origin,
            ModelFolders.single(work.resolve("model")),
            ManifestFacts.imported("tiny", "MIT"));
    int stored = 1;
    for (int versions : VERSIONS) {
      Manifest newest = first;
      for (; stored < versions; stored++) {
        newest = version(origin, first, stored);
      }
      Manifest last = newest;
      CountingStorage storage = new CountingStorage(origin.storage());
      RemoteStore machine =
          RemoteStore.open(
              storage,
              work.resolve("cache-" + versions),
              1 << 20,
              new RemoteStore.Patience(1, Duration.ofMillis(1), 1));
      starts.add(List.copyOf(storage.calls));
      assertThat(machine.readManifest(last.digest())).isEqualTo(last);
      assertThat(machine.hasManifest(last.digest())).isTrue();
      CheckpointFolders.materialize(machine, last, work.resolve("out-" + versions));
      looks.add(
          new ArrayList<>(storage.calls)
              .stream().map(call -> call.replace(last.digest().hex(), "VERSION")).toList());
    }
    assertThat(starts).as("a start asks nothing").containsExactly(List.of());
    assertThat(looks).as("the same calls among 1, 100 and 1 000").hasSize(1);
    assertThat(looks.iterator().next()).noneMatch(call -> call.startsWith("list"));
    assertThat(origin.storage().list(StoreNames.MANIFESTS)).hasSize(VERSIONS.getLast());
  }
}
