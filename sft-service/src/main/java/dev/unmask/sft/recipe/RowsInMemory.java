package dev.unmask.sft.recipe;

import java.util.List;

/** Samples that are few, or made up by a test. Immutable. */
record RowsInMemory(List<TrainingSample> samples) implements TokenisedRows {

  RowsInMemory {
    samples = List.copyOf(samples);
  }

  @Override
  public int size() {
    return samples.size();
  }

  @Override
  public TrainingSample sample(int i) {
    return samples.get(i);
  }

  @Override
  public int length(int i) {
    return samples.get(i).length();
  }

  @Override
  public int promptLength(int i) {
    return samples.get(i).promptLength();
  }

  @Override
  public boolean ends(int i) {
    return samples.get(i).ends();
  }

  @Override
  public int row(int i) {
    return i;
  }

  @Override
  public void close() {}
}
