package dev.unmask.store;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Blobs and manifests by digest, and uploaded files by id. Thread-safe; calls block on the disk, so
 * never on an event loop. Every method throws {@link StoreException} with a sentence.
 */
public interface ArtifactStore {

  /** Stores a copy of {@code file}. Doing it twice is harmless. */
  Digest putBlob(Path file) throws StoreException;

  /** Stores the rest of {@code data}; the caller closes it. */
  Digest putBlob(InputStream data) throws StoreException;

  /** Whether the blob is here; its content is not checked. */
  boolean hasBlob(Digest digest);

  /**
   * A local file with the blob's content, checked against the digest, to read or to map. Must not
   * be written to.
   */
  Path localBlob(Digest digest) throws StoreException;

  /** The blob's content, checked before the first byte is handed out. */
  InputStream openBlob(Digest digest) throws StoreException;

  /** Stores a manifest; refused while a blob that it names is missing. */
  Digest putManifest(Manifest manifest) throws StoreException;

  boolean hasManifest(Digest digest);

  /** The manifest, checked against the digest. */
  Manifest readManifest(Digest digest) throws StoreException;

  /**
   * Stores an upload: content first, the record that makes it visible last.
   *
   * @param limit most bytes to take; one more is refused with {@code TOO_LARGE} and nothing stays
   */
  StoredFile putFile(InputStream data, String filename, String purpose, long limit)
      throws StoreException;

  /** The upload called {@code id}; empty when there is none, also when {@code id} is no id. */
  Optional<StoredFile> file(String id) throws StoreException;

  /** All uploads, in no order. */
  List<StoredFile> files() throws StoreException;

  /**
   * Forgets the upload called {@code id}. Its content stays for as long as anything else names it.
   *
   * @return whether there was one
   */
  boolean forgetFile(String id) throws StoreException;

  /** The upload's content, checked before the first byte is handed out. */
  InputStream openFile(String id) throws StoreException;
}
