package dev.unmask.sft.evaluation;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetFormat;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.TemporaryDataset;
import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;

/** The answers of a dataset file that are to be scored. */
final class EvaluationRows implements AutoCloseable {

  private final TemporaryDataset dataset;
  private final TokenisedRows rows;

  private EvaluationRows(TemporaryDataset dataset, int limit) {
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
    ReadOptions options = ReadOptions.of(context).with(Overlong.KEEP_FITTING_TURNS);
    TemporaryDataset dataset = TemporaryDataset.read(file, tokenizer, options, rejected -> {});
    try {
      EvaluationRows read = new EvaluationRows(dataset, limit);
      read.refuseUnlessUsable();
      return read;
    } catch (IOException | RuntimeException e) {
      dataset.close();
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
  }
}
