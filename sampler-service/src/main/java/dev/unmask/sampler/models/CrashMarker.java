package dev.unmask.sampler.models;

import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * A file that exists while a checkpoint is being taken up. The native library can take the process
 * down with it; found again after a restart, the marker tells that a checkpoint did so, and after
 * {@value #MOST_DEATHS} deaths it is not tried again.
 */
final class CrashMarker {

  static final int MOST_DEATHS = 2;

  /** A loop of crashes is quicker; an older marker says nothing about the checkpoint. */
  static final Duration REMEMBERED = Duration.ofMinutes(10);

  private final Path file;

  private CrashMarker(Path file) {
    this.file = file;
  }

  /**
   * Marks the start.
   *
   * @throws UnavailableModelException when earlier processes died here too often
   */
  static CrashMarker before(Path cache, Digest digest)
      throws IOException, UnavailableModelException {
    Path file = file(cache, digest);
    Files.createDirectories(cache);
    long deaths = 0;
    if (Files.exists(file)) {
      Instant last = Files.getLastModifiedTime(file).toInstant();
      deaths = last.plus(REMEMBERED).isBefore(Instant.now()) ? 0 : Files.size(file);
    }
    if (deaths >= MOST_DEATHS) {
      throw new UnavailableModelException(
          Reason.BROKEN,
          "the worker's process died " + deaths + " times while it took up " + digest);
    }
    Files.write(file, new byte[(int) deaths + 1]);
    return new CrashMarker(file);
  }

  /** The process is alive, whatever became of the checkpoint. */
  void survived() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // Then the next start counts one death too many, and says so.
      return;
    }
  }

  private static Path file(Path cache, Digest digest) {
    return cache.resolve(digest.hex() + ".loading");
  }
}
