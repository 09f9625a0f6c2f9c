package dev.unmask.sft.pretrain;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.util.List;

/** Several files' samples, one file after the other. Closing it closes none of them. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record JoinedRows(List<TokenisedRows> files, int[] begins) implements TokenisedRows {

  JoinedRows(List<TokenisedRows> files) {
    this(List.copyOf(files), begins(files));
  }

  /** Where each file begins, and where the last ends. */
  private static int[] begins(List<TokenisedRows> files) {
    int[] begins = new int[files.size() + 1];
    for (int f = 0; f < files.size(); f++) {
      begins[f + 1] = Math.addExact(begins[f], files.get(f).size());
    }
    return begins;
  }

  private int file(int i) {
    int file = 0;
    while (i >= begins[file + 1]) {
      file++;
    }
    return file;
  }

  @Override
  public int size() {
    return begins[files.size()];
  }

  @Override
  public TrainingSample sample(int i) {
    int file = file(i);
    return files.get(file).sample(i - begins[file]);
  }

  @Override
  public int length(int i) {
    int file = file(i);
    return files.get(file).length(i - begins[file]);
  }

  @Override
  public int promptLength(int i) {
    int file = file(i);
    return files.get(file).promptLength(i - begins[file]);
  }

  @Override
  public boolean ends(int i) {
    int file = file(i);
    return files.get(file).ends(i - begins[file]);
  }

  /** A number of its own for each sample: nothing is held out of them. */
  @Override
  public int row(int i) {
    return i;
  }

  @Override
  public void close() {}
}
