package dev.unmask.store;

import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/** Hugging Face model folders into the store and out of it. Blocks on the disk. */
public final class CheckpointFolders {

  private CheckpointFolders() {}

  /**
   * Names of the files that stay true when a model's weights change: the tokenizer, its template,
   * the ids of generation, the licence. Any of them may be missing from a folder.
   */
  public static List<String> filesBesideWeights() {
    return FolderContents.besideWeights();
  }

  /**
   * Stores the model in {@code folder} and its manifest. Reads config.json and the headers of the
   * safetensors files, never the weights as numbers; only the files a loader needs are taken.
   *
   * @throws StoreException when a file is missing, a shard that the index names is not there or not
   *     whole, or config.json lacks a fact
   */
  public static Manifest importFolder(ArtifactStore store, Path folder, ManifestFacts facts)
      throws StoreException {
    FolderContents contents = FolderContents.read(folder);
    try (Lease lease = store.publishing(facts.model())) {
      List<ManifestFile> files = FolderFiles.store(store, folder, contents.entries());
      lease.requireValid();
      return FolderFiles.storeManifest(
          store,
          facts,
          files,
          contents.architecture(),
          diffusion(contents.diffusion(), facts),
          digestOf(files, "tokenizer.json"),
          contents.chatTemplateDigest(),
          facts.lora());
    }
  }

  private static Manifest.Diffusion diffusion(Manifest.Diffusion config, ManifestFacts facts) {
    Manifest.Training training = facts.training();
    return new Manifest.Diffusion(
        config.maskTokenId(),
        config.eosId(),
        config.padId(),
        config.schedule(),
        config.rightShift(),
        facts.eps(),
        training == null ? null : training.lossWeight(),
        config.defaultSteps(),
        config.defaultBlock());
  }

  private static Digest digestOf(List<ManifestFile> files, String path) {
    return files.stream()
        .filter(f -> f.path().equals(path))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no " + path))
        .digest();
  }

  /**
   * Makes {@code folder} the model's Hugging Face folder, by hard links into the store where the
   * file system allows it and by copies elsewhere. Every digest is checked. Doing it again
   * completes or repairs what is there.
   *
   * @throws StoreException when a blob is missing, damaged or of another size than the manifest
   *     says, the manifest describes another model than its files are, or the folder holds files of
   *     something else
   */
  public static void materialize(ArtifactStore store, Manifest manifest, Path folder)
      throws StoreException {
    layOut(store, manifest, folder, true);
  }

  /**
   * Writes the model's folder for somebody to keep: copies, which may be changed without changing
   * the store.
   *
   * @throws StoreException as {@link #materialize} does
   */
  public static void export(ArtifactStore store, Manifest manifest, Path folder)
      throws StoreException {
    layOut(store, manifest, folder, false);
  }

  private static void layOut(ArtifactStore store, Manifest manifest, Path folder, boolean links)
      throws StoreException {
    try {
      Files.createDirectories(folder);
      refuseStrangers(manifest, folder);
      for (ManifestFile file : manifest.files()) {
        place(store, manifest, file, folder.resolve(file.path()), links);
      }
      ManifestTruth.require(manifest, folder);
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage(
          "the model '" + manifest.model() + "' could not be laid out in " + folder, e);
    }
  }

  private static void refuseStrangers(Manifest manifest, Path folder) throws IOException {
    Set<String> known = new HashSet<>();
    manifest.files().forEach(f -> known.add(f.path()));
    try (Stream<Path> found = Files.walk(folder)) {
      for (Path path : found.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(path).toString().replace('\\', '/');
        if (name.endsWith(".partial")) {
          Files.delete(path);
        } else if (!known.contains(name)) {
          throw StoreException.invalid(
              folder
                  + " already holds "
                  + name
                  + ", which is not part of the model '"
                  + manifest.model()
                  + "'; give an empty folder");
        }
      }
    }
  }

  private static void place(
      ArtifactStore store, Manifest manifest, ManifestFile file, Path target, boolean links)
      throws IOException {
    Path blob;
    try {
      blob = store.localBlob(file.digest());
    } catch (StoreException e) {
      throw new StoreException(
          e.reason(),
          file.path() + " of the model '" + manifest.model() + "': " + e.getMessage(),
          e);
    }
    if (Files.size(blob) != file.size()) {
      throw new StoreException(
          Reason.CORRUPT,
          file.path()
              + " of the model '"
              + manifest.model()
              + "' has "
              + Files.size(blob)
              + " bytes, its manifest says "
              + file.size());
    }
    if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
        && (Files.isSameFile(target, blob) || Digest.of(target).equals(file.digest()))) {
      return;
    }
    Path parent = target.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Path partial = target.resolveSibling(UUID.randomUUID() + ".partial");
    if (!links || !link(partial, blob)) {
      Files.copy(blob, partial);
      if (!Digest.of(partial).equals(file.digest())) {
        throw new StoreException(
            Reason.CORRUPT, "the copy of " + file.path() + " differs from its blob");
      }
    }
    Files.move(
        partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Whether a hard link could be made; other file systems, for example, cannot be linked to. */
  private static boolean link(Path link, Path blob) {
    try {
      Files.createLink(link, blob);
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
