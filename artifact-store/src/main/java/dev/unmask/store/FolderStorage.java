package dev.unmask.store;

import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Objects as files below a folder; each is moved into place by one rename. */
final class FolderStorage implements ObjectStorage {

  private final Path root;
  private final SafeWrites writes;
  private final Clock clock;

  FolderStorage(Path root, SafeWrites writes, Clock clock) {
    this.root = root;
    this.writes = writes;
    this.clock = clock;
  }

  @Override
  public String location() {
    return root.toString();
  }

  Path path(String name) {
    return root.resolve(name);
  }

  @Override
  public Optional<Stat> stat(String name) throws StoreException {
    Path path = path(name);
    try {
      return Files.isRegularFile(path) ? Optional.of(stat(name, path)) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw StoreException.storage("the file " + path + " could not be looked at", e);
    }
  }

  private static Stat stat(String name, Path path) throws IOException {
    return new Stat(name, Files.size(path), Files.getLastModifiedTime(path).toInstant());
  }

  @Override
  public InputStream open(String name, long from) throws StoreException {
    Path path = path(name);
    try {
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      return Channels.newInputStream(channel.position(from));
    } catch (NoSuchFileException e) {
      throw new StoreException(Reason.NOT_FOUND, "the store at " + root + " has no " + name, e);
    } catch (IOException e) {
      throw StoreException.storage("the file " + path + " could not be read", e);
    }
  }

  @Override
  public void put(String name, Path file, Digest digest) throws StoreException {
    writes.publish(file, path(name));
  }

  @Override
  public boolean touch(String name) throws StoreException {
    try {
      Files.setLastModifiedTime(path(name), FileTime.from(clock.instant()));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public boolean delete(String name) throws StoreException {
    try {
      return Files.deleteIfExists(path(name));
    } catch (IOException e) {
      throw StoreException.storage("the file " + path(name) + " could not be deleted", e);
    }
  }

  @Override
  public List<Stat> list(String prefix) throws StoreException {
    Path folder = path(prefix);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Stat> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList()) {
        try {
          if (Files.isRegularFile(file)) {
            found.add(stat(root.relativize(file).toString().replace('\\', '/'), file));
          }
        } catch (NoSuchFileException deleted) {
          // It went while the list was made.
        }
      }
      return found;
    } catch (IOException | UncheckedIOException e) {
      throw new StoreException(
          Reason.STORAGE, "the folder " + folder + " could not be read: " + e.getMessage(), e);
    }
  }

  @Override
  public void sweepUnfinished(Instant begun) throws StoreException {
    writes.sweep(begun);
  }
}
