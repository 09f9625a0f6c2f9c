package dev.unmask.store;

import dev.unmask.store.SafeWrites.Written;
import dev.unmask.store.StoreException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What stores on a folder and in a bucket do alike: everything but where a blob lies on this
 * machine. Content is written to a local temporary file first, which tells its digest and so its
 * name.
 */
abstract class DigestStore implements ArtifactStore {

  private static final Pattern FILE_ID = Pattern.compile("file-[0-9a-f]{24}");

  /** No record of a store is larger; a server that sends more than this sends something else. */
  private static final int MOST_BYTES = 64 << 20;

  final ObjectStorage storage;
  final SafeWrites writes;
  final Clock clock;
  private final SecureRandom random = new SecureRandom();

  DigestStore(ObjectStorage storage, SafeWrites writes, Clock clock) {
    this.storage = storage;
    this.writes = writes;
    this.clock = clock;
  }

  /** Moves written content to the place that its digest names. */
  abstract void place(Written written) throws StoreException;

  @Override
  public final ObjectStorage storage() {
    return storage;
  }

  @Override
  public final Digest putBlob(Path file) throws StoreException {
    try (InputStream in = Files.newInputStream(file)) {
      return putBlob(in);
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the file " + file + " could not be read", e);
    }
  }

  @Override
  public final Digest putBlob(InputStream data) throws StoreException {
    Written written = writes.write(data, Long.MAX_VALUE);
    try {
      place(written);
    } finally {
      writes.discard(written.file());
    }
    return written.digest();
  }

  @Override
  public boolean hasBlob(Digest digest) throws StoreException {
    return storage.stat(StoreNames.blob(digest)).isPresent();
  }

  @Override
  public final InputStream openBlob(Digest digest) throws StoreException {
    return openBlob(digest, 0);
  }

  @Override
  public final InputStream openBlob(Digest digest, long from) throws StoreException {
    Path path = localBlob(digest);
    try {
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      return Channels.newInputStream(channel.position(from));
    } catch (IOException e) {
      throw StoreException.storage("the blob " + digest + " could not be read", e);
    }
  }

  @Override
  public final Digest putManifest(Manifest manifest) throws StoreException {
    for (ManifestFile file : manifest.files()) {
      if (!hasBlob(file.digest())) {
        throw StoreException.invalid(
            "the manifest of '"
                + manifest.model()
                + "' names "
                + file.path()
                + " ("
                + file.digest()
                + "), which is not in the store; blobs go first");
      }
    }
    byte[] json = manifest.canonicalJson();
    Digest digest = Digest.of(json);
    put(StoreNames.manifest(digest), json);
    return digest;
  }

  @Override
  public final boolean hasManifest(Digest digest) throws StoreException {
    return storage.stat(StoreNames.manifest(digest)).isPresent();
  }

  @Override
  public final Manifest readManifest(Digest digest) throws StoreException {
    byte[] json =
        get(StoreNames.manifest(digest))
            .orElseThrow(() ->
                new StoreException(
                    Reason.NOT_FOUND,
                    "the store at " + storage.location() + " has no manifest " + digest));
    if (!Digest.of(json).equals(digest)) {
      throw new StoreException(
          Reason.CORRUPT,
          "the manifest "
              + digest
              + " is damaged: "
              + StoreNames.manifest(digest)
              + " at "
              + storage.location()
              + " has other content");
    }
    return Manifest.parse(json);
  }

  @Override
  public final void putSignature(Digest manifest, byte[] envelope) throws StoreException {
    put(StoreNames.signature(manifest), envelope);
  }

  @Override
  public final Optional<byte[]> signature(Digest manifest) throws StoreException {
    return get(StoreNames.signature(manifest));
  }

  @Override
  public final StoredFile putFile(
      InputStream data, String filename, String purpose, String tenant, long limit)
      throws StoreException {
    Written written = writes.write(data, limit);
    try (Lease lease = publishing("upload")) {
      place(written);
      byte[] id = new byte[12];
      random.nextBytes(id);
      StoredFile file =
          new StoredFile(
              "file-" + HexFormat.of().formatHex(id),
              filename,
              purpose,
              written.size(),
              clock.instant().getEpochSecond(),
              written.digest(),
              tenant);
      lease.requireValid();
      put(StoreNames.file(file.id()), StoredFileJson.bytes(file));
      return file;
    } finally {
      writes.discard(written.file());
    }
  }

  @Override
  public final Optional<StoredFile> file(String id) throws StoreException {
    if (!FILE_ID.matcher(id).matches()) {
      return Optional.empty();
    }
    Optional<byte[]> json = get(StoreNames.file(id));
    try {
      return json.isEmpty() ? Optional.empty() : Optional.of(StoredFileJson.parse(json.get()));
    } catch (IOException e) {
      throw StoreException.storage("the record of the file " + id + " could not be read", e);
    }
  }

  @Override
  public final List<StoredFile> files() throws StoreException {
    List<StoredFile> files = new ArrayList<>();
    for (ObjectStorage.Stat record : storage.list(StoreNames.FILES)) {
      if (record.name().endsWith(StoreNames.JSON)) {
        // It may have been forgotten since it was listed.
        file(StoreNames.bare(record.name())).ifPresent(files::add);
      }
    }
    return files;
  }

  @Override
  public final boolean forgetFile(String id) throws StoreException {
    return file(id).isPresent() && storage.delete(StoreNames.file(id));
  }

  @Override
  public final InputStream openFile(String id) throws StoreException {
    StoredFile file =
        file(id)
            .orElseThrow(() ->
                new StoreException(Reason.NOT_FOUND, "there is no uploaded file '" + id + "'"));
    return openBlob(file.digest());
  }

  @Override
  public final Lease lease(String holder, Set<Digest> manifests, Duration time)
      throws StoreException {
    return Lease.take(this, holder, manifests, time);
  }

  @Override
  public final Lease publishing(String holder) throws StoreException {
    return Lease.publishing(this, holder);
  }

  @Override
  public final Set<Digest> leased() throws StoreException {
    Set<Digest> held = new HashSet<>();
    for (Lease.Terms terms : Lease.all(this)) {
      terms.manifests().forEach(digest -> held.add(Digest.parse(digest)));
    }
    return held;
  }

  @Override
  public final Lease collecting(Duration time) throws StoreException {
    return Lease.collecting(this, time);
  }

  Instant now() {
    return clock.instant();
  }

  /** Writes a small object as a whole. */
  final void put(String name, byte[] content) throws StoreException {
    Written written = writes.write(new ByteArrayInputStream(content), Long.MAX_VALUE);
    try {
      storage.put(name, written.file(), written.digest());
    } finally {
      writes.discard(written.file());
    }
  }

  /** Reads a small object. */
  final Optional<byte[]> get(String name) throws StoreException {
    try (InputStream in = storage.open(name, 0)) {
      byte[] content = in.readNBytes(MOST_BYTES + 1);
      if (content.length > MOST_BYTES) {
        throw new StoreException(
            Reason.CORRUPT, name + " at " + storage.location() + " is too large to be a record");
      }
      return Optional.of(content);
    } catch (StoreException e) {
      if (e.reason() == Reason.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    } catch (IOException e) {
      throw StoreException.storage(name + " at " + storage.location() + " could not be read", e);
    }
  }
}
