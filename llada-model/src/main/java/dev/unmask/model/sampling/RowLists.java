package dev.unmask.model.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Which rows of a chunk want what, as the arrays that {@link TokenChooser} passes on. */
final class RowLists {

  /** One row of logits: the position it is for, and who asked. */
  record Row(TokenChooser.Request request, int position) {}

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
  private final List<Long> warm = new ArrayList<>();
  private final List<Double> temperatures = new ArrayList<>();
  private final List<Double> uniforms = new ArrayList<>();
  private final List<Long> noisy = new ArrayList<>();
  private final List<Double> noiseScales = new ArrayList<>();
  private final List<double[]> given = new ArrayList<>();
  private final List<Long> measured = new ArrayList<>();
  private final List<Double> divisors = new ArrayList<>();
  private final List<Double> topP = new ArrayList<>();
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
    if (settings.logitsEosInf()) {
      noEos.add(at);
    }
    if (settings.confidenceEosEotInf()) {
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

  long[] noEos() {
    return longs(noEos);
  }

  long[] lateEos() {
    return longs(lateEos);
  }

  /** Rows whose token is drawn from the seed. */
  long[] warm() {
    return longs(warm);
  }

  /** Of each {@link #warm} row. */
  double[] temperatures() {
    return doubles(temperatures);
  }

  /** Of each {@link #warm} row, what decides its token. */
  double[] uniforms() {
    return doubles(uniforms);
  }

  /** Rows whose noise somebody else drew. */
  long[] noisy() {
    return longs(noisy);
  }

  /** The temperature of each {@link #noisy} row. */
  double[] noiseScales() {
    return doubles(noiseScales);
  }

  /** The uniform numbers of the {@link #noisy} rows, one a column. */
  double[] given() {
    return given.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  long[] measured() {
    return longs(measured);
  }

  /** What the logits of each {@link #measured} row are divided by. */
  float[] divisors() {
    return floats(divisors);
  }

  /** Of each {@link #measured} row; none when no row is cut. */
  float[] topP() {
    return filtered ? floats(topP) : new float[0];
  }

  /** The rank of the last column kept, of each {@link #measured} row; none when no row is cut. */
  long[] lastRank() {
    return filtered ? longs(topK) : new long[0];
  }

  long[] measures() {
    return longs(measures);
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  private static double[] doubles(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static float[] floats(List<Double> values) {
    float[] result = new float[values.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = values.get(i).floatValue();
    }
    return result;
  }
}
