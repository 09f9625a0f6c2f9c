package dev.unmask.store.location;

import dev.unmask.store.ArtifactStore;
import dev.unmask.store.FolderStore;
import dev.unmask.store.RemoteStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoreException.Reason;
import dev.unmask.store.s3.S3Settings;
import dev.unmask.store.s3.S3Storage;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * A store's address: a folder's path, {@code file:///…}, or {@code s3://bucket/prefix} with the
 * options of {@link S3Settings}.
 */
public sealed interface StoreLocation {

  /** A folder that every process of the cluster mounts. */
  record Folder(Path root) implements StoreLocation {}

  /** A bucket that every process of the cluster reaches. */
  record Bucket(String address, S3Settings settings) implements StoreLocation {}

  /** A drive's letter is no scheme. */
  Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

  /** What a machine keeps of a bucket's blobs unless told otherwise: 64 GiB. */
  long USUAL_CACHE = 64L << 30;

  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException with a sentence when it is none
   */
  static StoreLocation parse(String address) {
    if (address.startsWith("s3:")) {
      return new Bucket(address, S3Settings.parse(address));
    }
    try {
      if (address.startsWith("file:")) {
        return new Folder(Path.of(URI.create(address)).toAbsolutePath().normalize());
      }
      if (!SCHEME.matcher(address).matches()) {
        return new Folder(Path.of(address).toAbsolutePath().normalize());
      }
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      throw new IllegalArgumentException(
          "the store's address " + address + " cannot be used: " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(
        "the store's address "
            + address
            + " cannot be used: it has to be a folder, file:///folder or s3://bucket/prefix");
  }

  /** The address as it is given to another process. */
  default String text() {
    return switch (this) {
      case Folder folder -> folder.root().toString();
      case Bucket bucket -> bucket.address();
    };
  }

  /**
   * Opens the store.
   *
   * @param cache folder of this machine for blobs of a bucket; its processes should share it
   * @param cacheBytes what may be kept there
   */
  default ArtifactStore open(Path cache, long cacheBytes) throws StoreException {
    return switch (this) {
      case Folder folder -> FolderStore.open(folder.root());
      case Bucket bucket ->
          RemoteStore.open(
              S3Storage.open(bucket.settings()), cache, cacheBytes, RemoteStore.Patience.USUAL);
    };
  }

  /**
   * Opens the store at an address, for programs that end soon.
   *
   * @throws StoreException also when the address is none
   */
  static ArtifactStore open(String address, Path cache) throws StoreException {
    try {
      return parse(address).open(cache, USUAL_CACHE);
    } catch (InvalidPathException e) {
      throw new StoreException(Reason.INVALID, String.valueOf(e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new StoreException(Reason.INVALID, String.valueOf(e.getMessage()), e);
    }
  }
}
