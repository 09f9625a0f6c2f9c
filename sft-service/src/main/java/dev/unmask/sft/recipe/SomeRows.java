package dev.unmask.sft.recipe;

/** A choice of another's samples. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record SomeRows(TokenisedRows all, int[] positions) implements TokenisedRows {

  @Override
  public int size() {
    return positions.length;
  }

  @Override
  public TrainingSample sample(int i) {
    return all.sample(positions[i]);
  }

  @Override
  public int length(int i) {
    return all.length(positions[i]);
  }

  @Override
  public int promptLength(int i) {
    return all.promptLength(positions[i]);
  }

  @Override
  public boolean ends(int i) {
    return all.ends(positions[i]);
  }

  @Override
  public int row(int i) {
    return all.row(positions[i]);
  }

  @Override
  public void close() {}
}
