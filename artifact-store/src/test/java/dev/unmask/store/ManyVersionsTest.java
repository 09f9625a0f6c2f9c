package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start and a look at one version cost does not depend on how many versions there are. */
final class ManyVersionsTest {

  private static final int VERSIONS = 300;

  @TempDir Path work;

  /** Writes down what is asked of it. */
  private static final class Counting extends ForwardingStorage {

    private final List<String> calls = new ArrayList<>();

    Counting(ObjectStorage below) {
      super(below);
    }

    @Override
    public Optional<Stat> stat(String name) throws StoreException {
      calls.add("stat");
      return super.stat(name);
    }

    @Override
    public InputStream open(String name, long from) throws StoreException {
      calls.add("open");
      return super.open(name, from);
    }

    @Override
    public List<Stat> list(String prefix) throws StoreException {
      calls.add("list");
      return super.list(prefix);
    }
  }

  @Test
  void aStartListsNothingAndAVersionIsFoundByItsName() throws IOException {
    FolderStore origin = FolderStore.open(work.resolve("store"));
    Path folder = ModelFolders.single(work.resolve("model"));
    Manifest last = null;
    for (int i = 0; i < VERSIONS; i++) {
      Files.writeString(folder.resolve("README.md"), "# Version " + i + "\n");
      last = CheckpointFolders.importFolder(origin, folder, ManifestFacts.imported("tiny", "MIT"));
    }
    Counting storage = new Counting(origin.storage());
    RemoteStore machine =
        RemoteStore.open(
            storage,
            work.resolve("cache"),
            1 << 20,
            new RemoteStore.Patience(1, Duration.ofMillis(1), 1));
    assertThat(storage.calls).isEmpty();
    assertThat(machine.readManifest(Objects.requireNonNull(last).digest())).isEqualTo(last);
    assertThat(storage.calls).containsExactly("open");
    assertThat(origin.storage().list(StoreNames.MANIFESTS)).hasSize(VERSIONS);
  }
}
