package dev.unmask.sft.evaluation;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetFormat;
import dev.unmask.sft.dataset.DatasetSource;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.TokenisedDataset;
import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The answers of a dataset file, in tokens, in a temporary folder that goes when it is closed. */
final class EvaluationRows implements AutoCloseable {

  private final Path folder;
  private final TokenisedDataset dataset;
  private final TokenisedRows rows;

  private EvaluationRows(Path folder, TokenisedDataset dataset, int limit) {
    this.folder = folder;
    this.dataset = dataset;
    TokenisedRows all = dataset.rows();
    this.rows = all.at(IntStream.range(0, all.size()).filter(i -> all.row(i) < limit).toArray());
  }

  /**
   * Reads a file in any format of fine-tuning but that of preferences.
   *
   * @param context most tokens of an answer and what stands before it; longer ones are left out
   * @param limit most dialogues
   * @throws IOException with a sentence when no answer can be scored
   */
  static EvaluationRows read(Path file, LladaTokenizer tokenizer, int context, int limit)
      throws IOException {
    Path folder = Files.createTempDirectory("unmask-eval");
    try {
      TokenisedDataset dataset =
          TokenisedDataset.read(
              folder,
              file.toString(),
              DatasetSource.of(file),
              tokenizer,
              ReadOptions.of(context).with(Overlong.KEEP_FITTING_TURNS),
              rejected -> {});
      EvaluationRows read = new EvaluationRows(folder, dataset, limit);
      read.refuseUnlessUsable();
      return read;
    } catch (IOException | RuntimeException e) {
      delete(folder);
      throw e;
    }
  }

  private void refuseUnlessUsable() throws IOException {
    Optional<String> refusal = facts().refusal(1);
    if (refusal.isPresent()) {
      throw new IOException(refusal.get());
    }
    if (DatasetFormat.PREFERENCE.title().equals(facts().format())) {
      throw new IOException(
          "The rows are pairs of a better and a worse answer, and only one answer of a row can be"
              + " scored; give it dialogues.");
    }
    if (rows.size() == 0) {
      throw new IOException("No answer of the dataset " + facts().name() + " is to be scored.");
    }
  }

  TokenisedRows rows() {
    return rows;
  }

  DatasetFacts facts() {
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
