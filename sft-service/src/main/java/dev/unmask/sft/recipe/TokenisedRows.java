package dev.unmask.sft.recipe;

import java.util.List;

/**
 * The samples of a dataset in tokens, by position. Lengths are cheap to ask for, so that batches
 * can be planned over all samples; the tokens of a sample may be read from a disk, so they are
 * fetched when its batch is made. Used by any thread until {@link #close}.
 *
 * <p>The file-backed form in package {@code dataset} keeps memory flat however large the file.
 */
public interface TokenisedRows extends AutoCloseable {

  /** Samples there are. */
  int size();

  /**
   * The sample at a position, 0 to {@link #size} exclusive.
   *
   * @throws java.io.UncheckedIOException when its tokens cannot be read
   */
  TrainingSample sample(int i);

  /** Tokens of a sample, without padding. */
  int length(int i);

  /** Tokens of a sample that are never masked. */
  int promptLength(int i);

  /** Whether the text of a sample ends with it; see {@link TrainingSample#ends}. */
  boolean ends(int i);

  /**
   * The row that a sample comes from, from 0. The turns of one dialogue have one row and stand next
   * to each other: who holds rows out for evaluation must hold out all of them, or answers leak
   * through the prompts of later turns.
   */
  int row(int i);

  /** Tokens of a sample that may be masked, without padding. */
  default int answerLength(int i) {
    return length(i) - promptLength(i);
  }

  /** Frees what is open; what was asked for before stays valid. */
  @Override
  void close();

  /** Samples in memory, each a row of its own. */
  static TokenisedRows of(List<TrainingSample> samples) {
    return new RowsInMemory(samples);
  }

  /**
   * Some of these samples, in the order of {@code positions}. Closing the view closes nothing.
   *
   * @param positions is kept, not copied
   */
  default TokenisedRows at(int[] positions) {
    return new SomeRows(this, positions);
  }
}
