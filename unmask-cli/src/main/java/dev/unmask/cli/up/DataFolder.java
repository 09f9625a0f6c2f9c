package dev.unmask.cli.up;

import dev.unmask.cli.CliException;
import dev.unmask.cli.endpoint.Endpoints;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder that holds everything of one {@code up}: {@code kafka}, {@code store}, {@code work},
 * {@code logs}, {@code cds}, {@code endpoints.json}. Locked while it is open; the lock ends with
 * the process, however it ends.
 */
final class DataFolder implements AutoCloseable {

  /** A log that grew beyond this is set aside at the next start. */
  private static final long LOG_LIMIT = 20L << 20;

  private final Path root;
  private final FileChannel channel;

  private DataFolder(Path root, FileChannel channel) {
    this.root = root;
    this.channel = channel;
  }

  /**
   * Creates what is missing and takes the lock.
   *
   * @throws CliException when another process has it, or the folder cannot be written
   */
  static DataFolder open(Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    try {
      for (String part : new String[] {"kafka", "store", "work", "logs", "cds"}) {
        Files.createDirectories(root.resolve(part));
      }
      FileChannel channel =
          FileChannel.open(
              root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (tryLock(channel) == null) {
        channel.close();
        throw new CliException(
            "the data folder "
                + root
                + " is in use"
                + owner(root)
                + "; stop that one, or give --data another folder");
      }
      return new DataFolder(root, channel);
    } catch (IOException e) {
      throw new CliException("the data folder " + root + " cannot be used: " + e, e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static String owner(Path root) {
    try {
      return " by `unmask up` (process " + Endpoints.read(root).pid() + ")";
    } catch (IOException e) {
      return " by another `unmask up`";
    }
  }

  Path root() {
    return root;
  }

  Path resolve(String part) {
    return root.resolve(part);
  }

  /** Where a child logs; an old log that grew large is set aside first. */
  Path log(String child) {
    Path log = root.resolve("logs").resolve(child + ".log");
    try {
      if (Files.exists(log) && Files.size(log) > LOG_LIMIT) {
        Files.move(log, log.resolveSibling(child + ".log.1"), StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      // A large log is better than no start.
    }
    return log;
  }

  /** The argument that marks a process as a child of the {@code up} on this folder. */
  String marker() {
    return "-Dlauncher.data=" + root;
  }

  /**
   * Ends what an {@code up} that was killed left behind on this folder. Only processes that carry
   * its marker are touched.
   */
  void endLeftovers(Consumer<String> remarks) {
    removeEndpoints();
    ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().map(this::isMarked).orElse(false))
        .forEach(process -> {
          remarks.accept("an earlier run left process " + process.pid() + " behind; ending it");
          end(process);
        });
  }

  private boolean isMarked(String commandLine) {
    return commandLine.contains(marker() + " ");
  }

  private static void end(ProcessHandle process) {
    boolean unusedAsked = process.destroy();
    try {
      ProcessHandle unused =
          process.onExit().get(Duration.ofSeconds(10).toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      boolean unused = process.destroyForcibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** After this, clients no longer find the cluster. */
  void removeEndpoints() {
    try {
      Files.deleteIfExists(root.resolve(Endpoints.FILE));
    } catch (IOException e) {
      // The process id in it is dead soon, which says the same.
    }
  }

  /** Removes everything, as far as that goes. */
  void remove() {
    try (Stream<Path> inside = Files.walk(root)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // What is left lies in a folder for temporary files.
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The lock ends with the process.
    }
  }
}
