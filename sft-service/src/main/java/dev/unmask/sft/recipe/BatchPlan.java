package dev.unmask.sft.recipe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The batches of one pass over the data. Rows are shuffled, then sorted by length inside windows of
 * some batches and cut where a batch is full, so that rows of a batch have nearly one length and
 * padding stays small; then the batches are shuffled. Samples that end and samples that do not
 * never share a batch, because padding would teach an end where there is none.
 */
public final class BatchPlan {

  private static final int BATCHES_PER_WINDOW = 32;

  /**
   * How batches are filled.
   *
   * @param tokens a batch's rows times its length stay at or below this (a single longer row makes
   *     a batch of its own)
   * @param maxRows most rows of a batch
   * @param context most tokens of a row with its padding
   * @param eosShare share of EOS padding among the answer slots of samples that end, in 0 to 1
   *     exclusive. Sampling runs on canvases that are longer than the answer, so a model must have
   *     seen long tails of EOS: each batch gets extra padding of a random, exponentially
   *     distributed length.
   */
  public record Shape(int tokens, int maxRows, int context, double eosShare) {
    public Shape {
      if (tokens < 1 || maxRows < 1 || context < 1 || !(eosShare >= 0 && eosShare < 1)) {
        throw new IllegalArgumentException(
            "a batch needs tokens, rows and a context above 0 and an EOS share in [0, 1)");
      }
    }
  }

  /**
   * A batch to be.
   *
   * @param rows positions in the list of samples
   * @param length tokens of each row, padding included
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Batch(int[] rows, int length) {}

  private BatchPlan() {}

  /** The batches of one pass, in order: a function of its arguments only. */
  public static List<Batch> of(TokenisedRows samples, Shape shape, long seed, long epoch) {
    SplittableRandom random = Seeds.stream(seed, "order", epoch);
    int[] order = new int[samples.size()];
    Arrays.setAll(order, i -> i);
    shuffle(order, random);
    double meanTail = meanTail(samples, shape.eosShare());
    List<Batch> batches = new ArrayList<>();
    for (boolean ends : new boolean[] {true, false}) {
      int[] group = Arrays.stream(order).filter(i -> samples.ends(i) == ends).toArray();
      cut(samples, group, shape, ends ? meanTail : 0, random, batches);
    }
    Batch[] shuffled = batches.toArray(Batch[]::new);
    for (int i = shuffled.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      Batch swap = shuffled[i];
      shuffled[i] = shuffled[j];
      shuffled[j] = swap;
    }
    return List.of(shuffled);
  }

  private static void cut(
      TokenisedRows samples,
      int[] group,
      Shape shape,
      double meanTail,
      SplittableRandom random,
      List<Batch> batches) {
    int from = 0;
    while (from < group.length) {
      int to = from;
      long tokens = 0;
      while (to < group.length && tokens < (long) shape.tokens() * BATCHES_PER_WINDOW) {
        tokens += samples.length(group[to++]);
      }
      int[] window =
          Arrays.stream(group, from, to)
              .boxed()
              .sorted(Comparator.comparingInt(samples::length))
              .mapToInt(Integer::intValue)
              .toArray();
      cutWindow(samples, window, shape, meanTail, random, batches);
      from = to;
    }
  }

  private static void cutWindow(
      TokenisedRows samples,
      int[] window,
      Shape shape,
      double meanTail,
      SplittableRandom random,
      List<Batch> batches) {
    int from = 0;
    while (from < window.length) {
      int tail = (int) Math.round(-Math.log1p(-random.nextDouble()) * meanTail);
      int to = from;
      int length = 0;
      while (to < window.length && to - from < shape.maxRows()) {
        int padded = padded(samples.length(window[to]), tail, shape.context());
        if (to > from && (long) padded * (to - from + 1) > shape.tokens()) {
          break;
        }
        length = padded;
        to++;
      }
      batches.add(new Batch(Arrays.copyOfRange(window, from, to), length));
      from = to;
    }
  }

  private static int padded(int length, int tail, int context) {
    return Math.max(length, Math.min(context, length + tail));
  }

  private static double meanTail(TokenisedRows samples, double eosShare) {
    double answer =
        IntStream.range(0, samples.size())
            .filter(samples::ends)
            .map(samples::answerLength)
            .average()
            .orElse(0);
    return answer * eosShare / (1 - eosShare);
  }

  private static void shuffle(int[] values, SplittableRandom random) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
  }
}
