package dev.unmask.store.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a file says, read again when it changes. While the new content cannot be used the old one
 * counts: a file that is half written must not lock everybody out. One thread writes, any reads.
 *
 * @param <T> what is read; immutable
 */
public final class WatchedFile<T> implements Supplier<T>, AutoCloseable {

  private static final System.Logger LOG = System.getLogger(WatchedFile.class.getName());
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** Reads the file. */
  @FunctionalInterface
  public interface Reader<T> {
    T read(Path file) throws IOException;
  }

  /** Tells one content of a file from another without reading it. */
  private record Mark(FileTime time, long size, @Nullable Object file) {}

  private final Path file;
  private final Reader<T> reader;
  private final Thread thread;
  private volatile T now;
  private @Nullable Mark mark;

  /**
   * Reads the file for the first time.
   *
   * @param name of the thread
   * @throws IOException with a sentence when that fails
   */
  public WatchedFile(String name, Path file, Reader<T> reader) throws IOException {
    this.file = file;
    this.reader = reader;
    this.mark = mark();
    this.now = reader.read(file);
    this.thread = Thread.ofPlatform().daemon().name(name).start(this::watch);
  }

  @Override
  public T get() {
    return now;
  }

  private void watch() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(LOOK);
      } catch (InterruptedException e) {
        return;
      }
      Mark seen = mark();
      if (!Objects.equals(seen, mark)) {
        mark = seen;
        read();
      }
    }
  }

  private void read() {
    try {
      now = reader.read(file);
      LOG.log(System.Logger.Level.INFO, "event=file.read-again file={0}", file);
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "event=file.unusable file={0} cause=\"{1}\" what=\"the content before it counts on\"",
          file,
          e.getMessage());
    }
  }

  private @Nullable Mark mark() {
    try {
      var attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Mark(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
    } catch (IOException e) {
      return null;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
