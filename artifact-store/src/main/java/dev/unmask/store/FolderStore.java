package dev.unmask.store;

import dev.unmask.store.StoreException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The store on a folder that gateway, sft and samplers mount.
 *
 * <pre>
 * blobs/sha256/ab/cd/&lt;64 hex&gt;     immutable content
 * manifests/sha256/&lt;64 hex&gt;.json  canonical JSON; its sha256 is the checkpoint's identity
 * files/&lt;id&gt;.json                 record of an upload; its content is a blob
 * runs/&lt;job id&gt;/                  a trainer's own state, see {@link #runFolder}
 * tmp/                             writes under way
 * </pre>
 *
 * <p>Everything is written to {@code tmp}, forced to disk, and moved into place by one rename, so a
 * crash leaves either the old state or the new one.
 */
public final class FolderStore implements ArtifactStore {

  private static final String FILES = "files";
  private static final String JSON = ".json";
  private static final Pattern FILE_ID = Pattern.compile("file-[0-9a-f]{24}");
  private static final Pattern JOB_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,99}");

  private final Path root;
  private final SafeWrites writes;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  /** What a blob's file looked like when its content was last checked. */
  private record Stamp(long size, long modifiedNanos) {}

  private final Map<Digest, Stamp> checked = new ConcurrentHashMap<>();

  private FolderStore(Path root, Clock clock) throws StoreException {
    this.root = root;
    this.clock = clock;
    this.writes = SafeWrites.in(root.resolve("tmp"), clock);
  }

  /** Opens the store at {@code root} and creates what is missing. */
  public static FolderStore open(Path root) throws StoreException {
    return new FolderStore(root.toAbsolutePath().normalize(), Clock.systemUTC());
  }

  public Path root() {
    return root;
  }

  @Override
  public Digest putBlob(Path file) throws StoreException {
    try (InputStream in = Files.newInputStream(file)) {
      return putBlob(in);
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the file " + file + " could not be read", e);
    }
  }

  @Override
  public Digest putBlob(InputStream data) throws StoreException {
    return place(writes.write(data, Long.MAX_VALUE));
  }

  /** Moves a written temporary file to the place its content names. */
  private Digest place(SafeWrites.Written written) throws StoreException {
    Digest digest = written.digest();
    if (hasBlob(digest) && isIntact(digest)) {
      writes.discard(written.file());
    } else {
      // Missing, or there but damaged: the new copy is right.
      writes.publish(written.file(), blobPath(digest));
    }
    return digest;
  }

  private boolean isIntact(Digest digest) {
    try {
      Path unused = localBlob(digest);
      return true;
    } catch (StoreException e) {
      return false;
    }
  }

  @Override
  public boolean hasBlob(Digest digest) {
    return Files.isRegularFile(blobPath(digest));
  }

  @Override
  public Path localBlob(Digest digest) throws StoreException {
    Path path = blobPath(digest);
    if (!Files.isRegularFile(path)) {
      throw new StoreException(Reason.NOT_FOUND, "the store at " + root + " has no blob " + digest);
    }
    try {
      Stamp stamp = stamp(path);
      if (!stamp.equals(checked.get(digest))) {
        Digest actual = Digest.of(path);
        if (!actual.equals(digest)) {
          throw new StoreException(
              Reason.CORRUPT,
              "the blob "
                  + digest
                  + " is damaged: its file "
                  + path
                  + " of "
                  + stamp.size()
                  + " bytes has the content of "
                  + actual
                  + "; store it again to repair it");
        }
        checked.put(digest, stamp);
      }
      return path;
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the blob " + digest + " could not be read", e);
    }
  }

  private static Stamp stamp(Path path) throws IOException {
    return new Stamp(
        Files.size(path),
        Files.getLastModifiedTime(path).to(java.util.concurrent.TimeUnit.NANOSECONDS));
  }

  @Override
  public InputStream openBlob(Digest digest) throws StoreException {
    Path path = localBlob(digest);
    try {
      return Files.newInputStream(path);
    } catch (IOException e) {
      throw StoreException.storage("the blob " + digest + " could not be read", e);
    }
  }

  @Override
  public Digest putManifest(Manifest manifest) throws StoreException {
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
    SafeWrites.Written written =
        writes.write(new ByteArrayInputStream(manifest.canonicalJson()), Long.MAX_VALUE);
    writes.publish(written.file(), manifestPath(written.digest()));
    return written.digest();
  }

  @Override
  public boolean hasManifest(Digest digest) {
    return Files.isRegularFile(manifestPath(digest));
  }

  @Override
  public Manifest readManifest(Digest digest) throws StoreException {
    Path path = manifestPath(digest);
    if (!Files.isRegularFile(path)) {
      throw new StoreException(
          Reason.NOT_FOUND, "the store at " + root + " has no manifest " + digest);
    }
    byte[] json;
    try {
      json = Files.readAllBytes(path);
    } catch (IOException e) {
      throw StoreException.storage("the manifest " + digest + " could not be read", e);
    }
    if (!Digest.of(json).equals(digest)) {
      throw new StoreException(
          Reason.CORRUPT,
          "the manifest " + digest + " is damaged: its file " + path + " has other content");
    }
    return Manifest.parse(json);
  }

  @Override
  public StoredFile putFile(InputStream data, String filename, String purpose, long limit)
      throws StoreException {
    SafeWrites.Written written = writes.write(data, limit);
    Digest digest = place(written);
    byte[] id = new byte[12];
    random.nextBytes(id);
    StoredFile file =
        new StoredFile(
            "file-" + HexFormat.of().formatHex(id),
            filename,
            purpose,
            written.size(),
            clock.instant().getEpochSecond(),
            digest);
    SafeWrites.Written facts =
        writes.write(new ByteArrayInputStream(StoredFileJson.bytes(file)), Long.MAX_VALUE);
    writes.publish(facts.file(), filePath(file.id()));
    return file;
  }

  @Override
  public Optional<StoredFile> file(String id) throws StoreException {
    if (!FILE_ID.matcher(id).matches() || !Files.isRegularFile(filePath(id))) {
      return Optional.empty();
    }
    try {
      return Optional.of(StoredFileJson.parse(Files.readAllBytes(filePath(id))));
    } catch (IOException e) {
      throw StoreException.storage("the record of the file " + id + " could not be read", e);
    }
  }

  @Override
  public List<StoredFile> files() throws StoreException {
    Path folder = root.resolve(FILES);
    try (Stream<Path> records = Files.list(folder)) {
      List<StoredFile> files = new ArrayList<>();
      for (Path record : records.toList()) {
        String name = String.valueOf(record.getFileName());
        if (name.endsWith(JSON)) {
          // It may have been forgotten since it was listed.
          file(name.substring(0, name.length() - JSON.length())).ifPresent(files::add);
        }
      }
      return files;
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw StoreException.storage("the folder " + folder + " could not be read", e);
    }
  }

  @Override
  public boolean forgetFile(String id) throws StoreException {
    if (file(id).isEmpty()) {
      return false;
    }
    try {
      return Files.deleteIfExists(filePath(id));
    } catch (IOException e) {
      throw StoreException.storage("the record of the file " + id + " could not be deleted", e);
    }
  }

  @Override
  public InputStream openFile(String id) throws StoreException {
    StoredFile file =
        file(id)
            .orElseThrow(() ->
                new StoreException(Reason.NOT_FOUND, "there is no uploaded file '" + id + "'"));
    return openBlob(file.digest());
  }

  /** The folder of all {@linkplain #runFolder run folders}, each by its job's id; may be absent. */
  public Path runs() {
    return root.resolve("runs");
  }

  /**
   * The folder for a training run's own state, created when missing. Its content is the trainer's
   * business; nobody else reads it.
   */
  public Path runFolder(String jobId) throws StoreException {
    if (!JOB_ID.matcher(jobId).matches()) {
      throw StoreException.invalid(
          "'" + jobId + "' is no job id: letters, digits, _ and - are allowed, 100 at most");
    }
    Path folder = runs().resolve(jobId);
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw StoreException.storage("the folder " + folder + " could not be created", e);
    }
  }

  private Path blobPath(Digest digest) {
    String hex = digest.hex();
    return root.resolve("blobs/sha256")
        .resolve(hex.substring(0, 2))
        .resolve(hex.substring(2, 4))
        .resolve(hex);
  }

  private Path manifestPath(Digest digest) {
    return root.resolve("manifests/sha256").resolve(digest.hex() + ".json");
  }

  private Path filePath(String id) {
    return root.resolve(FILES).resolve(id + JSON);
  }
}
