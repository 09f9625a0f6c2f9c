package dev.unmask.store.location;

import dev.unmask.store.ArtifactStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.signing.TrustedKeys;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a process is told about its store.
 *
 * @param location where it is
 * @param cache folder of this machine for a bucket's blobs; processes of one machine share it
 * @param cacheBytes what may be kept there
 * @param trustedKeys files or folders of public keys; when there are any, checkpoints have to be
 *     signed by one of them
 */
public record StoreChoice(
    StoreLocation location, Path cache, long cacheBytes, List<Path> trustedKeys) {

  public StoreChoice {
    trustedKeys = List.copyOf(trustedKeys);
  }

  /** A folder, and nothing to be signed. */
  public static StoreChoice folder(Path root) {
    return new StoreChoice(
        new StoreLocation.Folder(root),
        root.resolve("cache"),
        StoreLocation.USUAL_CACHE,
        List.of());
  }

  /**
   * What a configuration says.
   *
   * @param address as {@link StoreLocation#parse} reads it
   * @throws IllegalArgumentException with a sentence when it is none
   */
  public static StoreChoice of(
      String address, Optional<Path> cache, long cacheBytes, Optional<List<Path>> trustedKeys) {
    return new StoreChoice(
        StoreLocation.parse(address),
        cache.orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"), "unmask-blobs")),
        cacheBytes,
        trustedKeys.orElse(List.of()));
  }

  /** Opens the store. */
  public ArtifactStore open() throws StoreException {
    return location.open(cache, cacheBytes);
  }

  /** Reads the keys. */
  public TrustedKeys trusted() throws StoreException {
    return trustedKeys.isEmpty() ? TrustedKeys.none() : TrustedKeys.read(trustedKeys);
  }
}
