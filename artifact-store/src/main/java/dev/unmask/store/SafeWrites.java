package dev.unmask.store;

import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Writes that a crash cannot tear: a temporary file, forced to disk, renamed, the folder forced
 * too. Temporary files of a writer that died are swept when the store is next opened.
 */
final class SafeWrites {

  /** No single write takes this long, so an older temporary file has lost its writer. */
  private static final Duration ABANDONED = Duration.ofHours(24);

  private final Path tmp;
  private final Runnable beforeEach;

  /** A complete temporary file. */
  record Written(Path file, Digest digest, long size) {}

  private SafeWrites(Path tmp, Runnable beforeEach) {
    this.tmp = tmp;
    this.beforeEach = beforeEach;
  }

  static SafeWrites in(Path tmp, Clock clock) throws StoreException {
    return in(tmp, clock, () -> {});
  }

  /**
   * Writes whose steps a test can end.
   *
   * @param beforeEach run before each change of the disk; what it throws ends the write there, as a
   *     process that dies would
   */
  static SafeWrites in(Path tmp, Clock clock, Runnable beforeEach) throws StoreException {
    try {
      Files.createDirectories(tmp);
      sweep(tmp, clock.instant().minus(ABANDONED));
      return new SafeWrites(tmp, beforeEach);
    } catch (IOException | UncheckedIOException e) {
      throw new StoreException(
          Reason.STORAGE, "the folder " + tmp + " cannot be used: " + e.getMessage(), e);
    }
  }

  /** Removes temporary files that nobody has written to since {@code oldest}. */
  void sweep(Instant oldest) throws StoreException {
    try {
      sweep(tmp, oldest);
    } catch (IOException e) {
      throw StoreException.storage("the folder " + tmp + " could not be swept", e);
    }
  }

  private static void sweep(Path tmp, Instant oldest) throws IOException {
    try (Stream<Path> files = Files.list(tmp)) {
      for (Path file : files.toList()) {
        try {
          if (Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
            Files.deleteIfExists(file);
          }
        } catch (NoSuchFileException published) {
          // Its writer is alive and has just published it.
        }
      }
    }
  }

  /** Copies {@code data} to a temporary file and hashes it on the way. */
  Written write(InputStream data, long limit) throws StoreException {
    Path file = tmp.resolve(UUID.randomUUID().toString());
    boolean complete = false;
    try (FileChannel out = create(file)) {
      MessageDigest hash = Digest.sha256();
      byte[] buffer = new byte[1 << 16];
      long size = 0;
      for (int n = data.read(buffer); n >= 0; n = data.read(buffer)) {
        size += n;
        if (size > limit) {
          throw new StoreException(
              Reason.TOO_LARGE, "the upload is larger than the limit of " + limit + " bytes");
        }
        hash.update(buffer, 0, n);
        ByteBuffer chunk = ByteBuffer.wrap(buffer, 0, n);
        beforeEach.run();
        while (chunk.hasRemaining()) {
          out.write(chunk);
        }
      }
      beforeEach.run();
      out.force(true);
      complete = true;
      return new Written(file, Digest.finish(hash.digest()), size);
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("content could not be written below " + tmp, e);
    } finally {
      if (!complete) {
        discard(file);
      }
    }
  }

  private FileChannel create(Path file) throws IOException {
    beforeEach.run();
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Moves a written file to its place; replaces what is there. */
  void publish(Path written, Path target) throws StoreException {
    try {
      Path folder = target.getParent();
      if (folder == null) {
        throw new IllegalArgumentException(target + " has no folder");
      }
      beforeEach.run();
      Files.createDirectories(folder);
      // Published content never changes; a link to it in a model folder must not change it either.
      boolean ignored = written.toFile().setReadOnly();
      beforeEach.run();
      Files.move(
          written, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      beforeEach.run();
      forceFolder(folder);
    } catch (IOException e) {
      throw StoreException.storage("the file " + target + " could not be put in place", e);
    }
  }

  void discard(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // The sweep takes it later.
      return;
    }
  }

  private static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Some systems cannot open a folder; there the rename alone has to do.
      return;
    }
  }
}
