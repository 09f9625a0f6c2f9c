package dev.unmask.model.sampling;

import dev.unmask.model.torch.HostNumbers;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which rows of a chunk want what, as the lists that {@link ChoiceText} takes. */
final class RowLists {

  /**
   * One row of logits: the position it is for, and who asked.
   *
   * @param allowed classes it may become; null is anything
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  record Row(TokenChooser.Request request, int position, boolean @Nullable [] allowed) {}

  /** What a row's score is, if not the confidence; the numbers are {@link ChoiceText}'s. */
  private enum Measure {
    PROBABILITY(0),
    MARGIN(1),
    NEGATIVE_ENTROPY(2);

    private final long code;

    Measure(long code) {
      this.code = code;
    }
  }

  private final int columns;
  private final List<Long> noEos = new ArrayList<>();
  private final List<Long> lateEos = new ArrayList<>();

  /** Rows whose token is drawn from the seed; of each its temperature and what decides. */
  private final List<Long> warm = new ArrayList<>();

  private final List<Double> temperatures = new ArrayList<>();
  private final List<Double> uniforms = new ArrayList<>();

  /** Rows whose noise somebody else drew; of each its temperature and one number a column. */
  private final List<Long> noisy = new ArrayList<>();

  private final List<Double> noiseScales = new ArrayList<>();
  private final List<double[]> given = new ArrayList<>();

  /** Rows that are scored otherwise; of each what its logits are divided by, and the cuts. */
  private final List<Long> measured = new ArrayList<>();

  private final List<Double> divisors = new ArrayList<>();
  private final List<Double> topP = new ArrayList<>();

  /** Rank of the last column kept. */
  private final List<Long> topK = new ArrayList<>();

  private final List<Long> measures = new ArrayList<>();
  private boolean filtered;

  RowLists(List<Row> rows, int columns) {
    this.columns = columns;
    for (int i = 0; i < rows.size(); i++) {
      add(rows.get(i), i);
    }
    if (given.stream().anyMatch(values -> values.length != columns)) {
      throw new IllegalArgumentException("recorded noise needs " + columns + " columns");
    }
  }

  private void add(Row row, long at) {
    GenerationSettings settings = row.request().settings();
    // Where limits stand, they say where EOS may; it may even be all that is allowed.
    boolean anything = row.allowed() == null;
    if (anything && settings.logitsEosInf()) {
      noEos.add(at);
    }
    if (anything && settings.confidenceEosEotInf()) {
      lateEos.add(at);
    }
    if (settings.temperature() > 0) {
      int draw = row.request().draw();
      switch (row.request().draws()) {
        case Draws.Seeded seeded -> {
          warm.add(at);
          temperatures.add(settings.temperature());
          uniforms.add(seeded.token(draw, row.position()));
        }
        case Draws.Recorded recorded -> {
          noisy.add(at);
          noiseScales.add(settings.temperature());
          given.add(recorded.uniformRow(draw, row.position()));
        }
      }
    }
    switch (settings.decoding()) {
      case Decoding.Dream dream ->
          measure(
              at,
              settings,
              settings.temperature() > 0 ? settings.temperature() : 1,
              switch (dream.algorithm()) {
                case ORIGIN, MASKGIT_PLUS -> Measure.PROBABILITY;
                case TOPK_MARGIN -> Measure.MARGIN;
                case ENTROPY -> Measure.NEGATIVE_ENTROPY;
              });
      case Decoding.EntropyBound bound -> measure(at, settings, 1, Measure.NEGATIVE_ENTROPY);
      case Decoding.Quota q -> {}
      case Decoding.Threshold t -> {}
      case Decoding.Factor f -> {}
    }
  }

  private void measure(long at, GenerationSettings settings, double divisor, Measure measure) {
    measured.add(at);
    divisors.add(divisor);
    // Sums of probabilities round above 1, so that 1 would cut a tail; nothing reaches 2.
    topP.add(settings.topP() < 1 ? settings.topP() : 2);
    int kept = settings.topK() == 0 ? columns : Math.min(settings.topK(), columns);
    topK.add((long) kept - 1);
    measures.add(measure.code);
    filtered |= settings.topP() < 1 || kept < columns;
  }

  /**
   * Writes all lists in the order of {@link ChoiceText}'s {@code planned}.
   *
   * @return the lengths by which they are found again
   */
  long[] writeTo(HostNumbers numbers) {
    longs(numbers, noEos);
    longs(numbers, lateEos);
    longs(numbers, warm);
    doubles(numbers, temperatures);
    doubles(numbers, uniforms);
    longs(numbers, noisy);
    doubles(numbers, noiseScales);
    given.forEach(numbers::add);
    longs(numbers, measured);
    doubles(numbers, divisors);
    longs(numbers, measures);
    // When no row is cut, nothing is sorted.
    int cut = filtered ? measured.size() : 0;
    if (filtered) {
      doubles(numbers, topP);
      longs(numbers, topK);
    }
    return new long[] {
      noEos.size(), lateEos.size(), warm.size(), noisy.size(), measured.size(), cut
    };
  }

  static void longs(HostNumbers numbers, List<Long> values) {
    int unused = numbers.add(values.stream().mapToLong(Long::longValue).toArray());
  }

  static void doubles(HostNumbers numbers, List<Double> values) {
    int unused = numbers.add(values.stream().mapToDouble(Double::doubleValue).toArray());
  }
}
