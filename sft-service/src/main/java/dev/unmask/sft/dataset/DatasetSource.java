package dev.unmask.sft.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where rows come from. */
public sealed interface DatasetSource permits DatasetSource.FileSource, TopicCopy {

  /** The name that rows carry. */
  String name();

  /**
   * What exactly was read, for the manifest of the weights: a file's id, or a topic with the
   * offsets it was read up to.
   */
  String uri();

  /** The rows from the first on. */
  RawRows open(@Nullable DatasetFormat named) throws IOException;

  /** The format that is known before any row is read. */
  @Nullable DatasetFormat known(@Nullable DatasetFormat named);

  /** Opens a file's bytes from the beginning. */
  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }

  /** A file: an upload, or one on a disk. */
  record FileSource(String name, String uri, Opener opener) implements DatasetSource {

    @Override
    public RawRows open(@Nullable DatasetFormat named) throws IOException {
      return rows(name, opener.open(), named);
    }

    @Override
    public @Nullable DatasetFormat known(@Nullable DatasetFormat named) {
      return format(name, named);
    }
  }

  /**
   * An upload.
   *
   * @param id what the manifest names it by
   */
  static DatasetSource file(String filename, String id, Opener opener) {
    return new FileSource(filename, id, opener);
  }

  /** A file on disk. */
  static DatasetSource of(Path path) {
    return new FileSource(
        String.valueOf(path.getFileName()), path.toString(), () -> Files.newInputStream(path));
  }

  /** The named format, or plain text when the file's name says so, or null. */
  static @Nullable DatasetFormat format(String file, @Nullable DatasetFormat named) {
    return named == null && DatasetFormat.isPlainText(file) ? DatasetFormat.PLAIN_TEXT : named;
  }

  /** The rows of an open file. */
  static RawRows rows(String file, InputStream input, @Nullable DatasetFormat named)
      throws IOException {
    return format(file, named) == DatasetFormat.PLAIN_TEXT
        ? new TextPieces(file, input)
        : new FileRows(file, input);
  }
}
