package dev.unmask.sft.preview;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/** A preview for people. */
final class PreviewText {

  private static final String TRAINED = "\u001b[1;32m";
  private static final String PLAIN = "\u001b[0m";
  private static final int BAR = 40;

  private final PrintStream out;
  private final boolean colour;

  /**
   * @param colour whether learned tokens are green; without it they stand in brackets
   */
  PreviewText(PrintStream out, boolean colour) {
    this.out = out;
    this.colour = colour;
  }

  void print(Preview preview) {
    DatasetFacts facts = preview.facts();
    out.printf(
        Locale.ROOT,
        "%s: format %s, %,d rows used, %,d rejected, %,d shortened%n",
        facts.name(),
        facts.format() == null ? "unknown" : facts.format(),
        facts.used(),
        facts.rejected(),
        facts.shortened());
    for (Map.Entry<String, Long> reason : facts.reasons().entrySet()) {
      out.printf(Locale.ROOT, "  %-24s %,d%n", reason.getKey(), reason.getValue());
    }
    for (Rejected row : preview.rejections()) {
      out.printf(
          Locale.ROOT,
          "  %s:%d%s: %s%n",
          row.file(),
          row.line(),
          row.pointer().isEmpty() ? "" : " " + row.pointer(),
          safe(row.sentence()));
      out.printf(Locale.ROOT, "    %s%n", safe(row.excerpt()));
    }
    if (facts.samples() > 0) {
      samples(preview);
      preview.rows().forEach(this::row);
    }
    preview
        .refusal()
        .ifPresent(
            why -> out.printf(Locale.ROOT, "%nA job would refuse this dataset. %s%n", safe(why)));
  }

  private void samples(Preview preview) {
    DatasetFacts facts = preview.facts();
    Lengths lengths = preview.lengths();
    out.printf(
        Locale.ROOT,
        "%,d samples, %,d tokens, %,d of them learned%n",
        facts.samples(),
        facts.tokens(),
        facts.answerTokens());
    out.printf(
        Locale.ROOT,
        "EOS padding is %.1f %% of the learned slots in batches of %d rows%n",
        100 * preview.eosShare(),
        preview.batchRows());
    out.printf(
        Locale.ROOT,
        "%nTokens of a sample: %d to %d, half of them at most %d, nine of ten at most %d%n",
        lengths.shortest(),
        lengths.longest(),
        lengths.median(),
        lengths.ninetieth());
    long most = lengths.bins().stream().mapToLong(Lengths.Bin::count).max().orElse(1);
    for (Lengths.Bin bin : lengths.bins()) {
      int bar = (int) Math.ceilDiv(BAR * bin.count(), most);
      out.printf(
          Locale.ROOT, "%6d-%-6d %-40s %,d%n", bin.from(), bin.to(), "#".repeat(bar), bin.count());
    }
    out.printf(
        Locale.ROOT,
        "%nLearned tokens are %s.%n",
        colour ? TRAINED + "green" + PLAIN : "in brackets: ⟦like this⟧");
  }

  private void row(RenderedRow row) {
    out.printf(
        Locale.ROOT,
        "%nrow %d, %d %s%n",
        row.row(),
        row.samples(),
        row.samples() == 1 ? "sample" : "samples");
    StringBuilder text = new StringBuilder();
    for (RenderedRow.Segment segment : row.segments()) {
      if (segment.trained()) {
        text.append(colour ? TRAINED : "⟦")
            .append(safe(segment.text()))
            .append(colour ? PLAIN : "⟧");
      } else {
        text.append(safe(segment.text()));
      }
    }
    out.println(text);
  }

  /** Without what could drive the terminal. */
  private static String safe(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints()
        .map(c -> Character.isISOControl(c) && c != '\n' && c != '\t' ? 0xFFFD : c)
        .forEach(safe::appendCodePoint);
    return safe.toString();
  }
}
