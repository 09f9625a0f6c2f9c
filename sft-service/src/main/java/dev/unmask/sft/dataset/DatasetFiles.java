package dev.unmask.sft.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files of a tokenised dataset in its folder. */
final class DatasetFiles {

  /** What the folder holds; written last. */
  static final String FACTS = "dataset.json";

  private static final String IDS = "tokens.bin";
  private static final String INDEX = "tokens.index";
  private static final String REPORT = "rejected-rows.jsonl";

  private DatasetFiles() {}

  static Path facts(Path folder) {
    return folder.resolve(FACTS);
  }

  static Path ids(Path folder) {
    return folder.resolve(IDS);
  }

  static Path index(Path folder) {
    return folder.resolve(INDEX);
  }

  static Path report(Path folder) {
    return folder.resolve(REPORT);
  }

  /** What a reading that failed has left: on a full disk it is in the way of everything else. */
  static void remove(Path folder) throws IOException {
    Files.deleteIfExists(facts(folder));
    Files.deleteIfExists(ids(folder));
    Files.deleteIfExists(index(folder));
    Files.deleteIfExists(report(folder));
  }

  /** A full disk says what it is, but not which file it was. */
  static IOException unwritable(Path file, IOException e) {
    return new IOException(file + " cannot be written: " + e.getMessage(), e);
  }
}
