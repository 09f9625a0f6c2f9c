package dev.unmask.sft.pretrain;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.util.BitSet;

/** Samples of which some are learned whole, prompt included. Closing it closes nothing. */
record WholeRows(TokenisedRows rows, BitSet whole) implements TokenisedRows {

  @Override
  public int size() {
    return rows.size();
  }

  @Override
  public TrainingSample sample(int i) {
    TrainingSample sample = rows.sample(i);
    return whole.get(i) ? new TrainingSample(sample.ids(), 0, sample.ends()) : sample;
  }

  @Override
  public int length(int i) {
    return rows.length(i);
  }

  @Override
  public int promptLength(int i) {
    return whole.get(i) ? 0 : rows.promptLength(i);
  }

  @Override
  public boolean ends(int i) {
    return rows.ends(i);
  }

  @Override
  public int row(int i) {
    return rows.row(i);
  }

  @Override
  public void close() {}
}
