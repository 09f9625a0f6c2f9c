package dev.unmask.store;

import dev.unmask.store.SafeWrites.Written;
import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * The store on a folder that gateway, sft and samplers mount; {@link StoreNames} is its layout.
 *
 * <p>Everything is written to {@code tmp}, forced to disk, and moved into place by one rename, so a
 * crash leaves either the old state or the new one.
 */
public final class FolderStore extends DigestStore {

  private static final Pattern JOB_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,99}");

  private final Path root;

  /** What a blob's file looked like when its content was last checked. */
  private record Stamp(long size, long modifiedNanos) {}

  private final Map<Digest, Stamp> checked = new ConcurrentHashMap<>();

  private FolderStore(Path root, SafeWrites writes, Clock clock) {
    super(new FolderStorage(root, writes, clock), writes, clock);
    this.root = root;
  }

  /** Opens the store at {@code root} and creates what is missing. */
  public static FolderStore open(Path root) throws StoreException {
    return open(root, Clock.systemUTC(), () -> {});
  }

  /**
   * A store whose writes a test can end.
   *
   * @param beforeEach see {@link SafeWrites#in(Path, Clock, Runnable)}
   */
  static FolderStore open(Path root, Clock clock, Runnable beforeEach) throws StoreException {
    Path home = root.toAbsolutePath().normalize();
    return new FolderStore(home, SafeWrites.in(home.resolve("tmp"), clock, beforeEach), clock);
  }

  public Path root() {
    return root;
  }

  @Override
  void place(Written written) throws StoreException {
    Digest digest = written.digest();
    String name = StoreNames.blob(digest);
    // Missing, or there but damaged: the new copy is right.
    if (!isIntact(digest) || !storage.touch(name)) {
      storage.put(name, written.file(), digest);
    }
    remember(digest);
  }

  /** What was just written or looked at need not be read again. */
  private void remember(Digest digest) throws StoreException {
    Path path = root.resolve(StoreNames.blob(digest));
    try {
      checked.put(digest, stamp(path));
    } catch (IOException e) {
      throw StoreException.storage("the blob " + digest + " could not be looked at", e);
    }
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
  public Path localBlob(Digest digest) throws StoreException {
    Path path = root.resolve(StoreNames.blob(digest));
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
    return new Stamp(Files.size(path), Files.getLastModifiedTime(path).to(TimeUnit.NANOSECONDS));
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
    return runFolder(runs(), jobId);
  }

  /** The same below any folder of this machine, for trainers whose store is a bucket. */
  public static Path runFolder(Path runs, String jobId) throws StoreException {
    if (!JOB_ID.matcher(jobId).matches()) {
      throw StoreException.invalid(
          "'" + jobId + "' is no job id: letters, digits, _ and - are allowed, 100 at most");
    }
    Path folder = runs.resolve(jobId);
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw StoreException.storage("the folder " + folder + " could not be created", e);
    }
  }
}
