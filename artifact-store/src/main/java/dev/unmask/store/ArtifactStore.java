package dev.unmask.store;

import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Blobs and manifests by digest, and uploaded files by id, on a folder or in a bucket. Thread-safe;
 * calls block on the disk or the network, in bounded time, so never on an event loop. Every method
 * throws {@link StoreException} with a sentence.
 */
public interface ArtifactStore {

  /** Stores a copy of {@code file}. Doing it twice is harmless. */
  Digest putBlob(Path file) throws StoreException;

  /** Stores the rest of {@code data}; the caller closes it. */
  Digest putBlob(InputStream data) throws StoreException;

  /** Whether the blob is here; its content is not checked. */
  boolean hasBlob(Digest digest) throws StoreException;

  /**
   * A local file with the blob's content, checked against the digest, to read or to map. Must not
   * be written to.
   */
  Path localBlob(Digest digest) throws StoreException;

  /** The blob's content, checked before the first byte is handed out. */
  InputStream openBlob(Digest digest) throws StoreException;

  /** The blob's content from byte {@code from} on; all of it is checked before. */
  InputStream openBlob(Digest digest, long from) throws StoreException;

  /** Stores a manifest; refused while a blob that it names is missing. */
  Digest putManifest(Manifest manifest) throws StoreException;

  boolean hasManifest(Digest digest) throws StoreException;

  /** The manifest, checked against the digest. */
  Manifest readManifest(Digest digest) throws StoreException;

  /** Stores the signatures of a manifest; replaces those that were there. */
  void putSignature(Digest manifest, byte[] envelope) throws StoreException;

  /** The signatures of a manifest as they were stored, not checked. */
  Optional<byte[]> signature(Digest manifest) throws StoreException;

  /**
   * Stores an upload: content first, the record that makes it visible last.
   *
   * @param tenant whose it is
   * @param limit most bytes to take; one more is refused with {@code TOO_LARGE} and nothing stays
   */
  StoredFile putFile(InputStream data, String filename, String purpose, String tenant, long limit)
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

  /**
   * Keeps manifests, and all that they name, from being collected.
   *
   * @param holder who asks, for people
   * @param time after which it counts no more, whatever becomes of its holder
   */
  Lease lease(String holder, Set<Digest> manifests, Duration time) throws StoreException;

  /**
   * Keeps everything from being collected while blobs are stored that no manifest names yet. Waits
   * for the end of a collection that runs.
   *
   * @param holder who asks, for people
   */
  Lease publishing(String holder) throws StoreException;

  /** The manifests that leases hold now. */
  Set<Digest> leased() throws StoreException;

  /**
   * The hold of a collection; while it lasts nobody publishes.
   *
   * @throws StoreException when another one runs, or something is being published
   */
  Lease collecting(Duration time) throws StoreException;

  /** What it lies on; for whoever collects and checks. */
  ObjectStorage storage();
}
