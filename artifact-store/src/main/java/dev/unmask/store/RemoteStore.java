package dev.unmask.store;

import dev.unmask.store.SafeWrites.Written;
import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The store on objects that are not files of this machine. Blobs are read through a {@link
 * BlobCache}; a read that breaks off goes on where it was, and one whose bytes are wrong is begun
 * again, a few times and within a bounded time.
 */
public final class RemoteStore extends DigestStore {

  /** A blob that was marked as new this recently need not be marked again. */
  private static final Duration FRESH = Duration.ofMinutes(20);

  private final BlobCache cache;
  private final Patience patience;

  /**
   * How long to try.
   *
   * @param attempts reads of one blob, at least 1
   * @param pause before the second one; doubles each time
   * @param leastBytesPerSecond a read that is slower than this for more than a minute is given up
   */
  public record Patience(int attempts, Duration pause, long leastBytesPerSecond) {

    /** For a network that works most of the time. */
    public static final Patience USUAL = new Patience(5, Duration.ofMillis(500), 64 << 10);

    Instant deadline(Instant begin, long bytes) {
      return begin.plusSeconds(60).plusSeconds(bytes / Math.max(1, leastBytesPerSecond));
    }
  }

  private RemoteStore(
      ObjectStorage storage, BlobCache cache, SafeWrites writes, Patience patience, Clock clock) {
    super(storage, writes, clock);
    this.cache = cache;
    this.patience = patience;
  }

  /**
   * Opens a store.
   *
   * @param cacheFolder folder of this machine; processes may share it
   * @param cacheBytes its bound
   */
  public static RemoteStore open(
      ObjectStorage storage, Path cacheFolder, long cacheBytes, Patience patience)
      throws StoreException {
    Clock clock = Clock.systemUTC();
    Path home = cacheFolder.toAbsolutePath().normalize();
    SafeWrites writes = SafeWrites.in(home.resolve("tmp"), clock);
    return new RemoteStore(
        storage, new BlobCache(home, cacheBytes, writes, clock), writes, patience, clock);
  }

  @Override
  void place(Written written) throws StoreException {
    String name = StoreNames.blob(written.digest());
    Optional<ObjectStorage.Stat> there = storage.stat(name);
    // The digest cannot be checked without reading all of it; the size can.
    boolean kept =
        there.isPresent()
            && there.get().size() == written.size()
            && (there.get().modified().isAfter(now().minus(FRESH)) || storage.touch(name));
    if (!kept) {
      storage.put(name, written.file(), written.digest());
    }
    if (Files.exists(written.file())) {
      cache.offer(written); // its writer is often its first reader
    }
  }

  @Override
  public Path localBlob(Digest digest) throws StoreException {
    return cache.get(digest, () -> fetch(digest));
  }

  private Written fetch(Digest digest) throws StoreException {
    String name = StoreNames.blob(digest);
    ObjectStorage.Stat stat =
        storage
            .stat(name)
            .orElseThrow(() ->
                new StoreException(
                    Reason.NOT_FOUND,
                    "the store at " + storage.location() + " has no blob " + digest));
    Instant deadline = patience.deadline(now(), stat.size());
    StoreException last = null;
    for (int attempt = 1; attempt <= patience.attempts(); attempt++) {
      if (attempt > 1) {
        pause(patience.pause().multipliedBy(1L << (attempt - 2)), deadline);
      }
      try (InputStream in = new ResumingStream(storage, stat, patience, deadline, clock)) {
        Written written = writes.write(in, Long.MAX_VALUE);
        if (written.digest().equals(digest)) {
          return written;
        }
        writes.discard(written.file());
        last =
            new StoreException(
                Reason.CORRUPT,
                "the blob "
                    + digest
                    + " is damaged: "
                    + storage.location()
                    + " sent "
                    + written.size()
                    + " bytes with the digest "
                    + written.digest()
                    + "; store it again to repair it");
      } catch (StoreException e) {
        last = e;
      } catch (IOException e) {
        last = StoreException.storage("the blob " + digest + " could not be read", e);
      }
      // Wrong bytes may have been damaged on their way; the second time they are the server's.
      boolean hopeless =
          last.reason() == Reason.NOT_FOUND || (last.reason() == Reason.CORRUPT && attempt > 1);
      if (hopeless || !now().isBefore(deadline)) {
        throw last;
      }
    }
    throw last == null ? StoreException.invalid("no attempt is allowed") : last;
  }

  private void pause(Duration time, Instant deadline) throws StoreException {
    try {
      Duration left = Duration.between(now(), deadline);
      Thread.sleep(time.compareTo(left) < 0 ? time : left);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw StoreException.invalid("the read was interrupted");
    }
  }
}
