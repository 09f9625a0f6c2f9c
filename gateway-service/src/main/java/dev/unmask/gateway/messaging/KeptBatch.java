package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.JobMaker;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.batches.BatchLines;
import dev.unmask.gateway.flow.batches.BatchRun;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.FileInfo;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A batch under way and its answers, in temporary files until all are there. Keeper's thread. */
final class KeptBatch implements AutoCloseable {

  /** A temporary file of lines. */
  private static final class Spool implements AutoCloseable {
    final Path file = create();
    final BufferedWriter writer = open(file);
    int lines;

    private static Path create() {
      try {
        return Files.createTempFile("unmask-batch-", ".jsonl");
      } catch (IOException e) {
        throw new UncheckedIOException("no temporary file could be made", e);
      }
    }

    private static BufferedWriter open(Path file) {
      try {
        return Files.newBufferedWriter(file, StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(file + " could not be opened", e);
      }
    }

    void write(String line) {
      try {
        writer.write(line);
        writer.write('\n');
        lines++;
      } catch (IOException e) {
        throw new UncheckedIOException(file + " could not be written", e);
      }
    }

    @Override
    public void close() {
      try {
        writer.close();
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new UncheckedIOException(file + " could not be removed", e);
      }
    }
  }

  private final Spool answers = new Spool();
  private final Spool errors = new Spool();
  private final long startedAtMs = System.currentTimeMillis();
  private final BatchRun run;
  private long writtenAtMs;

  private KeptBatch(BatchRecord batch, BatchLines format, JobMaker jobs) {
    this.run =
        new BatchRun(batch, format, jobs, (line, error) -> (error ? errors : answers).write(line));
  }

  static KeptBatch open(BatchRecord batch, BatchLines format, JobMaker jobs) {
    return new KeptBatch(batch, format, jobs);
  }

  BatchRun run() {
    return run;
  }

  long startedAtMs() {
    return run.record().getStartedAtMs() > 0 ? run.record().getStartedAtMs() : startedAtMs;
  }

  long writtenAtMs() {
    return writtenAtMs;
  }

  void written(long atMs) {
    writtenAtMs = atMs;
  }

  /** Puts what was written into the store and names the files in {@code end}. */
  void store(FileShelf files, BatchRecord.Builder end) throws RefusedException, IOException {
    if (answers.lines > 0) {
      end.setOutputFile(put(files, answers, "output"));
    }
    if (errors.lines > 0) {
      end.setErrorFile(put(files, errors, "errors"));
    }
  }

  private String put(FileShelf files, Spool spool, String what)
      throws RefusedException, IOException {
    spool.writer.flush();
    try (InputStream content = Files.newInputStream(spool.file)) {
      return files
          .keep(
              Principal.ownerOf(run.record().getTenant()),
              FileInfo.newBuilder()
                  .setFilename(run.record().getId() + "_" + what + ".jsonl")
                  .setPurpose("batch_output")
                  .build(),
              content)
          .getId();
    }
  }

  @Override
  public void close() {
    answers.close();
    errors.close();
  }
}
