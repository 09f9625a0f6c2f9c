package dev.unmask.store;

import dev.unmask.store.SafeWrites.Written;
import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Blobs of a distant store on this machine, by digest, so that weights can be mapped. Processes
 * share it: whoever needs a blob takes the lock of its digest, and all others find the file when
 * they get the lock, so each blob is read once for a machine.
 *
 * <p>The bound is kept by removing what was used longest ago; what was used within the last ten
 * minutes stays even then, because its user may not have opened it yet. Removing a file that is
 * mapped or linked to takes nothing from its users.
 */
final class BlobCache {

  private static final Duration IN_USE = Duration.ofMinutes(10);

  /** A process may not lock a file twice, also where it opened the store twice. */
  private static final Map<Path, ReentrantLock> TURNS = new ConcurrentHashMap<>();

  private final Path root;
  private final long bound;
  private final SafeWrites writes;
  private final Clock clock;
  private final Map<Digest, FileTime> checked = new ConcurrentHashMap<>();

  /** Brings a blob. */
  @FunctionalInterface
  interface Source {
    /** The whole content in a temporary file, its digest as found. */
    Written fetch() throws StoreException;
  }

  /**
   * @param bound bytes that may be kept, at least the largest blob's for it to be of use
   */
  BlobCache(Path root, long bound, SafeWrites writes, Clock clock) throws StoreException {
    this.root = root;
    this.bound = bound;
    this.writes = writes;
    this.clock = clock;
    try {
      Files.createDirectories(root.resolve("locks"));
    } catch (IOException e) {
      throw StoreException.storage("the folder " + root + " cannot be used", e);
    }
  }

  private Path path(Digest digest) {
    return root.resolve(StoreNames.blob(digest));
  }

  /** The blob's file, checked; fetched when it is missing or damaged. */
  Path get(Digest digest, Source source) throws StoreException {
    if (isHere(digest)) {
      return used(digest);
    }
    return alone(
        digest,
        () -> {
          if (isHere(digest)) {
            return used(digest);
          }
          Written written = source.fetch();
          try {
            return keep(digest, written);
          } finally {
            writes.discard(written.file());
          }
        });
  }

  /** Keeps what was just stored: its writer is often its first reader. */
  void offer(Written written) throws StoreException {
    Digest digest = written.digest();
    Path unused = alone(digest, () -> isHere(digest) ? used(digest) : keep(digest, written));
  }

  private Path keep(Digest digest, Written written) throws StoreException {
    if (!written.digest().equals(digest)) {
      throw new IllegalArgumentException("the content is " + written.digest() + ", not " + digest);
    }
    makeRoom(written.size());
    writes.publish(written.file(), path(digest));
    remember(digest);
    return used(digest);
  }

  private void remember(Digest digest) throws StoreException {
    try {
      checked.put(digest, Files.getLastModifiedTime(path(digest)));
    } catch (IOException e) {
      throw StoreException.storage("the file " + path(digest) + " could not be looked at", e);
    }
  }

  /** Whether the file is there and is what its name says. */
  private boolean isHere(Digest digest) throws StoreException {
    Path path = path(digest);
    try {
      FileTime modified = Files.getLastModifiedTime(path);
      if (modified.equals(checked.get(digest))) {
        return true;
      }
      if (Digest.of(path).equals(digest)) {
        checked.put(digest, modified);
        return true;
      }
      Files.deleteIfExists(path); // the disk damaged it: it is read again
      return false;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw StoreException.storage("the file " + path + " could not be read", e);
    }
  }

  private Path used(Digest digest) {
    Path path = path(digest);
    try {
      Files.getFileAttributeView(path, BasicFileAttributeView.class)
          .setTimes(null, FileTime.from(clock.instant()), null);
    } catch (IOException e) {
      return path; // it counts as older than it is
    }
    return path;
  }

  private interface Work {
    Path run() throws StoreException;
  }

  /** Runs work on a digest while neither a thread nor a process does the same. */
  private Path alone(Digest digest, Work work) throws StoreException {
    Path name = root.resolve("locks").resolve(digest.hex());
    ReentrantLock turn = TURNS.computeIfAbsent(name, n -> new ReentrantLock());
    turn.lock();
    try (FileChannel channel =
            FileChannel.open(name, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (!lock.isValid()) {
        throw new StoreException(Reason.STORAGE, "the lock of the blob " + digest + " is gone");
      }
      return work.run();
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the lock of the blob " + digest + " could not be taken", e);
    } finally {
      turn.unlock();
    }
  }

  private record Kept(Path file, long size, Instant used) {}

  private void makeRoom(long size) throws StoreException {
    List<Kept> all = kept();
    long total = size + all.stream().mapToLong(Kept::size).sum();
    Instant recent = clock.instant().minus(IN_USE);
    for (Kept oldest : all.stream().sorted(Comparator.comparing(Kept::used)).toList()) {
      if (total <= bound || oldest.used().isAfter(recent)) {
        return;
      }
      try {
        Files.deleteIfExists(oldest.file());
      } catch (IOException e) {
        throw StoreException.storage("the file " + oldest.file() + " could not be removed", e);
      }
      total -= oldest.size();
    }
  }

  private List<Kept> kept() throws StoreException {
    Path blobs = root.resolve(StoreNames.BLOBS);
    List<Kept> found = new ArrayList<>();
    if (!Files.isDirectory(blobs)) {
      return found;
    }
    try (Stream<Path> files = Files.walk(blobs)) {
      for (Path file : files.toList()) {
        try {
          BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
          if (facts.isRegularFile()) {
            found.add(new Kept(file, facts.size(), facts.lastAccessTime().toInstant()));
          }
        } catch (NoSuchFileException removed) {
          // Another process made room, too.
        }
      }
      return found;
    } catch (IOException | UncheckedIOException e) {
      throw new StoreException(
          Reason.STORAGE, "the folder " + blobs + " could not be read: " + e.getMessage(), e);
    }
  }
}
