package dev.unmask.sft.dataset;

import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.dataset.DatasetRow.Usable;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One reading of a source into a spill: refuses names seen twice, cuts texts, counts. */
final class DatasetReading {

  private final DatasetSource source;
  private final ReadOptions options;
  private final SpillWriter spill;
  private final LongTable ids;
  private final RejectionReport report;
  private final Consumer<Rejected> listener;
  private final BooleanSupplier stop;
  private final FactsSoFar facts = new FactsSoFar();

  /** Tokens of texts that make no whole window yet. */
  private final int[] window;

  private int filled;
  private boolean hasWindow;

  DatasetReading(
      DatasetSource source,
      ReadOptions options,
      SpillWriter spill,
      LongTable ids,
      RejectionReport report,
      Consumer<Rejected> listener,
      BooleanSupplier stop) {
    this.source = source;
    this.options = options;
    this.spill = spill;
    this.ids = ids;
    this.report = report;
    this.listener = listener;
    this.stop = stop;
    this.window = new int[options.maxLength()];
  }

  DatasetFacts read(LladaTokenizer tokenizer) throws IOException {
    RowDecoder decoder = new RowDecoder(source.known(options.format()));
    RowTokeniser tokeniser = new RowTokeniser(tokenizer, options);
    try (RawRows rows = source.open(options.format())) {
      ParallelRows.read(rows, decoder, tokeniser, options.threads(), this::take);
      if (filled > 0 && !hasWindow) {
        // A scrap at the end of much text is left out; of little text it is all there is.
        window(Arrays.copyOf(window, filled));
      }
      return facts.facts(source, decoder.format(), rows.bytes());
    }
  }

  private boolean take(RowTokeniser.Result result) throws IOException {
    if (stop.getAsBoolean()) {
      throw new ReadingStoppedException();
    }
    switch (result) {
      case RowTokeniser.Result.Bad bad -> rejected(bad.row());
      case RowTokeniser.Result.Samples row -> {
        if (isNew(row.row())) {
          facts.used(row.row(), row.shortened());
          row.samples().forEach(facts::sample);
          spill.row(row.samples());
        }
      }
      case RowTokeniser.Result.Run run -> {
        if (isNew(run.row())) {
          facts.used(run.row(), false);
          append(run.ids());
        }
      }
    }
    return !facts.isHopeless();
  }

  private boolean isNew(Usable row) throws IOException {
    @Nullable String id = row.id();
    if (id == null || ids.add(LongTable.hash(id))) {
      return true;
    }
    rejected(
        row.place()
            .rejected(
                "/id",
                Reason.DUPLICATE_ID,
                "An earlier row has the id "
                    + Excerpt.of(id)
                    + " too; only the first is used. Give each row an id of its own, or none."));
    return false;
  }

  private void rejected(Rejected row) throws IOException {
    facts.rejected(row);
    report.add(row);
    listener.accept(row);
  }

  private void append(int[] tokens) throws IOException {
    for (int from = 0; from < tokens.length; ) {
      int n = Math.min(tokens.length - from, window.length - filled);
      System.arraycopy(tokens, from, window, filled, n);
      filled += n;
      from += n;
      if (filled == window.length) {
        window(window.clone());
        filled = 0;
      }
    }
  }

  private void window(int[] tokens) throws IOException {
    hasWindow = true;
    TrainingSample sample = new TrainingSample(tokens, 0, false);
    facts.sample(sample);
    spill.row(List.of(sample));
  }
}
