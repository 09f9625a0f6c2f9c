package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Every rejected row as a line of JSON: {@code file}, {@code line}, {@code pointer}, {@code
 * reason}, {@code message}, {@code excerpt}. One thread.
 */
final class RejectionReport implements AutoCloseable {

  /** More rows than this are counted and not written: a report must not outgrow its dataset. */
  static final long MOST = 1_000_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final BufferedWriter writer;
  private long count;

  RejectionReport(Path file) throws IOException {
    this.file = file;
    this.writer = Files.newBufferedWriter(file);
  }

  void add(Rejected row) throws IOException {
    if (++count <= MOST) {
      try {
        writer.write(JSON.writeValueAsString(json(row)));
        writer.write('\n');
      } catch (IOException e) {
        throw DatasetFiles.unwritable(file, e);
      }
    }
  }

  /** A rejected row as people and machines read it. */
  static ObjectNode json(Rejected row) {
    return JSON.createObjectNode()
        .put("file", row.file())
        .put("line", row.line())
        .put("pointer", row.pointer())
        .put("reason", row.reason().name())
        .put("message", row.sentence())
        .put("excerpt", row.excerpt());
  }

  @Override
  public void close() throws IOException {
    try {
      writer.close();
    } catch (IOException e) {
      throw DatasetFiles.unwritable(file, e);
    }
  }
}
