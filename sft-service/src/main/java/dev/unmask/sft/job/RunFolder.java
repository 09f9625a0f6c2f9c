package dev.unmask.sft.job;

import dev.unmask.sft.training.TrainingRun;
import dev.unmask.store.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a job leaves behind between two trainers. Each owner has a folder of its own, {@code
 * epoch-N}, and begins with links to what the owner before it left: one that slept and wakes up
 * finds its own folder, or none, and can overwrite nothing of its successor's.
 */
final class RunFolder {

  private static final Logger LOG = System.getLogger(RunFolder.class.getName());
  private static final String EPOCH = "epoch-";
  private static final String DATA = "data";
  private static final String VALIDATION = "validation";
  private static final String PUBLISHED = "published";
  private static final String REPORT = "report";
  private static final String ADAPTER = "adapter-files";

  private final Path job;
  private final Path root;

  private RunFolder(Path job, Path root) {
    this.job = job;
    this.root = root;
  }

  /** The folder of owner {@code epoch}, with what earlier owners left in it. */
  static RunFolder take(Path job, long epoch) throws IOException {
    Path root = job.resolve(EPOCH + epoch);
    remove(root);
    Files.createDirectories(root.resolve(DATA));
    Files.createDirectories(root.resolve(VALIDATION));
    List<Path> earlier = earlier(job, epoch);
    if (!earlier.isEmpty()) {
      inherit(earlier.getLast(), root);
    }
    for (Path old : earlier) {
      remove(old);
    }
    return new RunFolder(job, root);
  }

  Path root() {
    return root;
  }

  Path parent() {
    return root.resolve("parent");
  }

  /** The base of a parent that is an adapter, and the adapter. */
  Path parentBase() {
    return root.resolve("parent-base");
  }

  /** As {@link #parentBase}. */
  Path parentAdapter() {
    return root.resolve("parent-adapter");
  }

  Path model() {
    return root.resolve("model");
  }

  /** What the run made: an adapter beside what it began with, or a model. */
  StoredWeights trained(boolean besideBase) {
    return besideBase ? new StoredWeights(parent(), adapter()) : new StoredWeights(model(), null);
  }

  Path adapter() {
    return root.resolve("adapter");
  }

  /** The rows in tokens. */
  Path data() {
    return root.resolve(DATA);
  }

  /** The rows of a validation file in tokens. */
  Path validation() {
    return root.resolve(VALIDATION);
  }

  /** Whether there is a state to go on from. */
  boolean hasState() {
    return Files.exists(root.resolve(TrainingRun.STATE_FILE));
  }

  /** The checkpoint that this or an earlier owner stored. */
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

  /** Where the adapter's files are stored, as a sentence; empty when there is no adapter. */
  String adapterNote() throws IOException {
    return read(ADAPTER).orElse("");
  }

  void adapterNote(String sentence) throws IOException {
    write(ADAPTER, sentence);
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

  /** The job has failed: its states stay for whoever wants to know why, the rest goes. */
  void keepStates() throws IOException {
    for (Path folder :
        List.of(
            parent(), parentBase(), parentAdapter(), model(), adapter(), data(), validation())) {
      remove(folder);
    }
  }

  /** The job is over: frees the space. */
  void removeAll() throws IOException {
    remove(job);
  }

  private static List<Path> earlier(Path job, long epoch) throws IOException {
    if (!Files.isDirectory(job)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(job)) {
      return all.filter(p -> number(p) < epoch)
          .sorted(Comparator.comparingLong(RunFolder::number))
          .toList();
    }
  }

  private static long number(Path folder) {
    String name = String.valueOf(folder.getFileName());
    return name.matches(EPOCH + "\\d{1,18}")
        ? Long.parseLong(name.substring(EPOCH.length()))
        : Long.MAX_VALUE;
  }

  private static void inherit(Path from, Path to) throws IOException {
    for (Path folder : List.of(Path.of(""), Path.of(DATA), Path.of(VALIDATION))) {
      Path source = from.resolve(folder);
      if (Files.isDirectory(source)) {
        try (Stream<Path> files = Files.list(source)) {
          for (Path file : files.filter(RunFolder::isWhole).toList()) {
            link(file, to.resolve(folder).resolve(file.getFileName()));
          }
        }
      }
    }
  }

  /** A half-written file is still its owner's: a link to it would let both write to one file. */
  private static boolean isWhole(Path file) {
    return Files.isRegularFile(file) && !String.valueOf(file.getFileName()).endsWith(".tmp");
  }

  private static void link(Path file, Path name) throws IOException {
    try {
      Files.createLink(name, file);
    } catch (NoSuchFileException e) {
      // A temporary file of an owner that is still busy.
      return;
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.copy(file, name);
    }
  }

  /** Removes a folder and all in it; what somebody still writes there may be left. */
  static void remove(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (DirectoryNotEmptyException | NoSuchFileException | UncheckedIOException e) {
      // An owner before is writing into it just now: what it leaves is removed by the next one.
      LOG.log(Level.INFO, "{0} is still in use by an earlier trainer", folder);
    }
  }
}
