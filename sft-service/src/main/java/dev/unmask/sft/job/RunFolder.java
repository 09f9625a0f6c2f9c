package dev.unmask.sft.job;

import dev.unmask.store.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a job leaves behind between two trainers: the parent's files, the training state, the new
 * model, and small files that say how far it is.
 */
final class RunFolder {

  private static final String OWNER = "owner";
  private static final String PUBLISHED = "published";
  private static final String ENDED = "ended";
  private static final String REPORT = "report";

  private final Path root;

  RunFolder(Path root) {
    this.root = root;
  }

  Path root() {
    return root;
  }

  Path parent() {
    return root.resolve("parent");
  }

  /** The rows in tokens. */
  Path data() {
    return root.resolve("data");
  }

  Path model() {
    return root.resolve("model");
  }

  /** Takes the job: one more than the owner before. */
  long takeOver() throws IOException {
    long owner = read(OWNER).map(Long::parseLong).orElse(0L) + 1;
    write(OWNER, Long.toString(owner));
    return owner;
  }

  /** The checkpoint that an earlier owner stored. */
  Optional<Digest> published() throws IOException {
    return read(PUBLISHED).map(Digest::parse);
  }

  void published(Digest digest) throws IOException {
    write(PUBLISHED, digest.toString());
  }

  /** The stored report of rejected rows, when an owner has stored one. */
  Optional<String> report() throws IOException {
    return read(REPORT);
  }

  void report(String id) throws IOException {
    write(REPORT, id);
  }

  /** Whether the terminal event was sent. */
  boolean hasEnded() {
    return Files.exists(root.resolve(ENDED));
  }

  /** After the terminal event: remembers it and, after success, frees the space. */
  void ended(boolean succeeded) throws IOException {
    write(ENDED, succeeded ? "succeeded" : "failed");
    if (succeeded) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          String name = String.valueOf(file.getFileName());
          if (!file.equals(root) && !name.equals(ENDED) && !name.equals(OWNER)) {
            Files.deleteIfExists(file);
          }
        }
      }
    }
  }

  private Optional<String> read(String name) throws IOException {
    Path file = root.resolve(name);
    return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
  }

  private void write(String name, String text) throws IOException {
    Path temporary = root.resolve(name + ".tmp");
    Files.writeString(temporary, text);
    Files.move(
        temporary,
        root.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
