package dev.unmask.sft.dataset;

import dev.unmask.sft.recipe.Overlong;
import org.jspecify.annotations.Nullable;

/**
 * How rows become samples.
 *
 * @param format null to find it
 * @param maxLength most tokens of a sample; texts are cut to it
 * @param overlong what becomes of longer ones
 * @param threads that parse and tokenize; the result does not depend on it
 */
public record ReadOptions(
    @Nullable DatasetFormat format, int maxLength, Overlong overlong, int threads) {

  public ReadOptions {
    if (maxLength < 2 || threads < 1) {
      throw new IllegalArgumentException(
          "samples need at least 2 tokens and the reading at least 1 thread");
    }
  }

  /** The format is found, too long rows are refused, all cores read. */
  public static ReadOptions of(int maxLength) {
    return new ReadOptions(
        null, maxLength, Overlong.REJECT, Runtime.getRuntime().availableProcessors());
  }

  public ReadOptions with(Overlong choice) {
    return new ReadOptions(format, maxLength, choice, threads);
  }

  public ReadOptions with(@Nullable DatasetFormat named) {
    return new ReadOptions(named, maxLength, overlong, threads);
  }

  /** What the rows depend on, besides their source. */
  String identity() {
    return (format == null ? "found" : format.title()) + "/" + maxLength + "/" + overlong;
  }
}
