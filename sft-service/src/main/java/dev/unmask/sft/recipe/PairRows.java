package dev.unmask.sft.recipe;

/**
 * Pairs of answers as the rows of a run: row i is the better answer of pair i, as long as the
 * longer one, so that batches are planned by what a pair costs. The same pairs in every pass.
 *
 * @param answers of the samples at 2i and 2i + 1 the first is the better one; both have one prompt
 */
public record PairRows(TokenisedRows answers) implements TokenisedRows, BatchStream.Data {

  public PairRows {
    if (answers.size() % 2 != 0) {
      throw new IllegalArgumentException("answers to prefer come in pairs");
    }
  }

  /** The better answers alone. */
  public static TokenisedRows chosen(TokenisedRows answers) {
    int[] positions = new int[answers.size() / 2];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = 2 * i;
    }
    return answers.at(positions);
  }

  /** At most {@code most} of the pairs, spread over all of them. */
  public PairRows some(int most) {
    int count = Math.min(most, size());
    int[] positions = new int[2 * count];
    for (int i = 0; i < count; i++) {
      int pair = (int) ((long) i * size() / count);
      positions[2 * i] = 2 * pair;
      positions[2 * i + 1] = 2 * pair + 1;
    }
    return new PairRows(answers.at(positions));
  }

  /** The worse answer of a pair. */
  public TrainingSample rejected(int i) {
    return answers.sample(2 * i + 1);
  }

  @Override
  public TokenisedRows samples(long epoch) {
    return this;
  }

  @Override
  public int size() {
    return answers.size() / 2;
  }

  @Override
  public TrainingSample sample(int i) {
    return answers.sample(2 * i);
  }

  @Override
  public int length(int i) {
    return Math.max(answers.length(2 * i), answers.length(2 * i + 1));
  }

  @Override
  public int promptLength(int i) {
    return answers.promptLength(2 * i);
  }

  @Override
  public boolean ends(int i) {
    return answers.ends(2 * i) && answers.ends(2 * i + 1);
  }

  @Override
  public int row(int i) {
    return answers.row(2 * i);
  }

  @Override
  public void close() {
    answers.close();
  }
}
