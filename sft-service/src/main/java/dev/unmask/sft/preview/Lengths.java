package dev.unmask.sft.preview;

import dev.unmask.sft.recipe.TokenisedRows;
import java.util.ArrayList;
import java.util.List;

/**
 * How long samples are, in tokens.
 *
 * @param bins of one width, from the shortest on; together they hold every sample
 */
record Lengths(int shortest, int median, int ninetieth, int longest, List<Bin> bins) {

  private static final int BINS = 10;

  /** Samples of {@code from} to {@code to} tokens, both inclusive. */
  record Bin(int from, int to, long count) {}

  static Lengths of(TokenisedRows rows) {
    int longest = 0;
    for (int i = 0; i < rows.size(); i++) {
      longest = Math.max(longest, rows.length(i));
    }
    // Counted by length, so that memory depends on the longest sample only.
    long[] counts = new long[longest + 1];
    for (int i = 0; i < rows.size(); i++) {
      counts[rows.length(i)]++;
    }
    int width = width(longest);
    List<Bin> bins = new ArrayList<>();
    int shortest = quantile(counts, rows.size(), 0);
    for (int from = shortest / width * width; rows.size() > 0 && from <= longest; from += width) {
      long count = 0;
      for (int length = from; length < Math.min(from + width, counts.length); length++) {
        count += counts[length];
      }
      bins.add(new Bin(from, from + width - 1, count));
    }
    return new Lengths(
        shortest,
        quantile(counts, rows.size(), 0.5),
        quantile(counts, rows.size(), 0.9),
        longest,
        bins);
  }

  /** 1, 2 or 5 times a power of ten, such that there are about {@link #BINS} bins. */
  private static int width(int longest) {
    int width = 1;
    for (int i = 0; (long) width * BINS < longest; i++) {
      width = i % 3 == 1 ? width / 2 * 5 : width * 2;
    }
    return width;
  }

  private static int quantile(long[] counts, long all, double share) {
    long wanted = Math.max(1, (long) Math.ceil(share * all));
    long seen = 0;
    for (int length = 0; length < counts.length; length++) {
      seen += counts[length];
      if (seen >= wanted) {
        return length;
      }
    }
    return 0;
  }
}
