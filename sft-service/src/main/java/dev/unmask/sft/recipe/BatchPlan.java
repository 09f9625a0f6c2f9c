package dev.unmask.sft.recipe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The batches of one pass over the data, in one of two forms ({@link Packing}).
 *
 * <p><b>Buckets</b>: rows are shuffled, then sorted by length inside windows of some batches and
 * cut where a batch is full, so that rows of a batch have nearly one length and padding stays
 * small; then the batches are shuffled. Samples that end and samples that do not never share a
 * batch, because padding would teach an end where there is none.
 *
 * <p><b>Packed</b>: rows are shuffled and follow each other as they come, each with a tail of its
 * own, until a batch is full. Inside a batch they are sorted, because neighbours of one length
 * share an attention.
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
   *     seen long tails of EOS: each batch, or each row of a pack, gets extra padding of a random,
   *     exponentially distributed length.
   * @param packing how rows share a batch
   */
  public record Shape(int tokens, int maxRows, int context, double eosShare, Packing packing) {

    /** In buckets. */
    public Shape(int tokens, int maxRows, int context, double eosShare) {
      this(tokens, maxRows, context, eosShare, Packing.BUCKETS);
    }

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
   * @param lengths tokens of each of them, padding included
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Batch(int[] rows, int[] lengths) {

    /** Rows of one length. */
    static Batch of(int[] rows, int length) {
      int[] lengths = new int[rows.length];
      Arrays.fill(lengths, length);
      return new Batch(rows, lengths);
    }
  }

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
      double tail = ends ? meanTail : 0;
      switch (shape.packing()) {
        case BUCKETS -> cut(samples, group, shape, tail, random, batches);
        case PACKED -> pack(samples, group, shape, tail, random, batches);
      }
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

  /** A row and its tokens with its tail. */
  private record Padded(int row, int length) {}

  private static void pack(
      TokenisedRows samples,
      int[] group,
      Shape shape,
      double meanTail,
      SplittableRandom random,
      List<Batch> batches) {
    List<Padded> open = new ArrayList<>();
    long tokens = 0;
    for (int row : group) {
      int length = padded(samples.length(row), tail(meanTail, random), shape.context());
      if (!open.isEmpty() && (open.size() == shape.maxRows() || tokens + length > shape.tokens())) {
        batches.add(sorted(open));
        open.clear();
        tokens = 0;
      }
      open.add(new Padded(row, length));
      tokens += length;
    }
    if (!open.isEmpty()) {
      batches.add(sorted(open));
    }
  }

  private static Batch sorted(List<Padded> rows) {
    List<Padded> sorted = rows.stream().sorted(Comparator.comparingInt(Padded::length)).toList();
    return new Batch(
        sorted.stream().mapToInt(Padded::row).toArray(),
        sorted.stream().mapToInt(Padded::length).toArray());
  }

  private static int tail(double mean, SplittableRandom random) {
    return (int) Math.round(-Math.log1p(-random.nextDouble()) * mean);
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
      int tail = tail(meanTail, random);
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
      batches.add(Batch.of(Arrays.copyOfRange(window, from, to), length));
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
