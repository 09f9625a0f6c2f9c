package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Opening a file of weights, with its faults as sentences that name it. */
final class OpenedFile {

  /** What is done with the open file. */
  @FunctionalInterface
  interface Use<T> {
    T with(FileChannel channel) throws IOException, InvalidModelException;
  }

  private OpenedFile() {}

  static FileChannel open(Path path) throws IOException, InvalidModelException {
    // A pipe or a device would block or never end.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new InvalidModelException("this is not a regular file");
    }
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  /** Opens, uses and closes {@code path}. */
  static <T> T use(Path path, Use<T> use) throws InvalidModelException {
    try (FileChannel channel = open(path)) {
      return use.with(channel);
    } catch (InvalidModelException | IOException e) {
      throw refused(path, e);
    }
  }

  /** The sentence for {@code path}. */
  static InvalidModelException refused(Path path, Exception e) {
    return switch (e) {
      case InvalidModelException known ->
          new InvalidModelException(path + ": " + known.getMessage(), known);
      case java.nio.file.NoSuchFileException missing ->
          new InvalidModelException(path + " does not exist", missing);
      default -> new InvalidModelException(path + " could not be read: " + e.getMessage(), e);
    };
  }
}
