package dev.unmask.sft.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads a dataset file row by row, in any known format; memory is bounded by the longest row
 * allowed. Fields that the format does not have are ignored. One thread.
 */
public final class DialogueReader implements AutoCloseable {

  private final RawRows rows;
  private final RowDecoder decoder;

  /**
   * Reads from {@code input} and closes it at the end.
   *
   * @param file the name that rows carry; its ending says whether it is plain text
   */
  public DialogueReader(String file, InputStream input) throws IOException {
    this(DatasetSource.rows(file, input, null), new RowDecoder(DatasetSource.format(file, null)));
  }

  private DialogueReader(RawRows rows, RowDecoder decoder) {
    this.rows = rows;
    this.decoder = decoder;
  }

  /** Opens a file on disk. */
  public static DialogueReader open(Path path) throws IOException {
    return new DialogueReader(String.valueOf(path.getFileName()), Files.newInputStream(path));
  }

  /** The next row, or null at the end. */
  public @Nullable DatasetRow next() throws IOException {
    RawRow raw = rows.next();
    return raw == null ? null : decoder.decode(raw);
  }

  @Override
  public void close() throws IOException {
    rows.close();
  }
}
