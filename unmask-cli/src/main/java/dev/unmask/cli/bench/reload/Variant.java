package dev.unmask.cli.bench.reload;

import dev.unmask.cli.CliException;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.store.AdapterFolders;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** One of the new versions: a folder with whole weights, or with an adapter on the first ones. */
sealed interface Variant {

  /** What a version is made of. */
  enum Kind {
    FULL,
    LORA;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Puts it into the store. */
  Manifest importInto(ArtifactStore store);

  /** What it is made of. */
  Kind kind();

  /** Whole weights. */
  record Full(ModelFolder folder) implements Variant {
    @Override
    public Manifest importInto(ArtifactStore store) {
      return folder.importInto(store);
    }

    @Override
    public Kind kind() {
      return Kind.FULL;
    }
  }

  /** An adapter on stored weights. */
  record Lora(Path folder, Digest base) implements Variant {
    @Override
    public Manifest importInto(ArtifactStore store) {
      try {
        Manifest whole = store.readManifest(base);
        return AdapterFolders.importFolder(
            store,
            folder,
            whole,
            ManifestFacts.importedAdapter(
                whole.model(), whole, Manifest.Kind.LORA, whole.licence()));
      } catch (StoreException e) {
        throw new CliException(String.valueOf(e.getMessage()), e);
      }
    }

    @Override
    public Kind kind() {
      return Kind.LORA;
    }
  }

  /** Writes the variant with a number below {@code work}. */
  static Variant make(Kind kind, Path source, Path work, int number, String name, Digest base)
      throws IOException {
    Path folder = work.resolve("version-" + number);
    return switch (kind) {
      case FULL -> {
        VariantModel.write(source, folder, number);
        yield new Full(ModelFolder.at(folder, name));
      }
      case LORA -> {
        VariantAdapter.write(source, folder, number);
        yield new Lora(folder, base);
      }
    };
  }
}
