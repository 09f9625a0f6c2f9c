package dev.unmask.sft.dataset;

import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A dataset file in tokens, in a temporary folder that goes when it is closed. */
public final class TemporaryDataset implements AutoCloseable {

  private final Path folder;
  private final TokenisedDataset dataset;

  private TemporaryDataset(Path folder, TokenisedDataset dataset) {
    this.folder = folder;
    this.dataset = dataset;
  }

  /**
   * Reads all rows of a file.
   *
   * @param listener gets every row that is not used
   * @throws IOException when the file cannot be read or the disk is full; nothing is left then
   */
  public static TemporaryDataset read(
      Path file, LladaTokenizer tokenizer, ReadOptions options, Consumer<Rejected> listener)
      throws IOException {
    Path folder = Files.createTempDirectory("unmask-rows");
    try {
      return new TemporaryDataset(
          folder,
          TokenisedDataset.read(
              folder, file.toString(), DatasetSource.of(file), tokenizer, options, listener));
    } catch (IOException | RuntimeException e) {
      delete(folder);
      throw e;
    }
  }

  public TokenisedRows rows() {
    return dataset.rows();
  }

  public DatasetFacts facts() {
    return dataset.facts();
  }

  @Override
  public void close() throws IOException {
    dataset.close();
    delete(folder);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
