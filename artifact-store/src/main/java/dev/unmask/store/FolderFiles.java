package dev.unmask.store;

import dev.unmask.store.ManifestFile.Role;
import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What whole models and adapters have in common on their way into the store. */
final class FolderFiles {

  /** A file to store and what it is for. */
  record Entry(String name, Role role) {}

  private FolderFiles() {}

  /**
   * Refuses a file that is a link to somewhere else: what is published must be what the folder's
   * owner put there. The one exception is Hugging Face's own cache, whose snapshots consist of
   * links to the blobs beside them.
   */
  static void requireInside(Path folder, String name) throws StoreException {
    try {
      Path real = folder.resolve(name).toRealPath();
      Path home = folder.toRealPath();
      Path snapshots = home.getParent();
      boolean cached =
          snapshots != null
              && snapshots.endsWith("snapshots")
              && real.startsWith(snapshots.resolveSibling("blobs"));
      if (!real.startsWith(home) && !cached) {
        throw StoreException.invalid(
            folder.resolve(name)
                + " is a link out of its folder, to "
                + real
                + "; put the file itself there");
      }
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the file " + folder.resolve(name) + " could not be read", e);
    }
  }

  static List<ManifestFile> store(ArtifactStore store, Path folder, List<Entry> entries)
      throws StoreException {
    List<ManifestFile> files = new ArrayList<>();
    for (Entry entry : entries) {
      requireInside(folder, entry.name());
    }
    for (Entry entry : entries) {
      Path file = folder.resolve(entry.name());
      try {
        long size = Files.size(file);
        Digest digest = store.putBlob(file);
        if (Files.size(file) != size) {
          throw StoreException.invalid(file + " was written to while it was read; try again");
        }
        files.add(
            new ManifestFile(entry.name(), entry.role(), size, digest.hex(), mediaType(entry)));
      } catch (StoreException e) {
        throw e;
      } catch (IOException e) {
        throw StoreException.storage("the file " + file + " could not be read", e);
      }
    }
    return files;
  }

  static Manifest storeManifest(
      ArtifactStore store,
      ManifestFacts facts,
      List<ManifestFile> files,
      Manifest.Architecture architecture,
      Manifest.Diffusion diffusion,
      Digest tokenizer,
      @Nullable Digest chatTemplate,
      Manifest.@Nullable Lora lora)
      throws StoreException {
    Manifest manifest;
    try {
      manifest =
          new Manifest(
              Manifest.SCHEMA_VERSION,
              facts.model(),
              facts.base(),
              facts.kind(),
              facts.createdAt(),
              facts.baseDigest(),
              facts.parentDigest(),
              files,
              architecture,
              diffusion,
              tokenizer,
              chatTemplate,
              lora,
              facts.training(),
              facts.metrics(),
              facts.probe(),
              facts.licence(),
              facts.attributions(),
              Manifest.Compat.own(),
              null);
    } catch (IllegalArgumentException e) {
      throw new StoreException(Reason.INVALID, String.valueOf(e.getMessage()), e);
    }
    Digest unused = store.putManifest(manifest);
    return manifest;
  }

  private static String mediaType(Entry entry) {
    if (entry.role() == Role.WEIGHTS) {
      return "application/vnd.safetensors";
    }
    if (entry.name().endsWith(".json")) {
      return "application/json";
    }
    return entry.name().endsWith(".md") ? "text/markdown" : "text/plain";
  }
}
