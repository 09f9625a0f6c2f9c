package dev.unmask.sft.pretrain;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.util.Arrays;

/**
 * The windows of one text, cut again {@code offset} tokens later: each is the end of one window and
 * the beginning of the next. All have one length; what stands before the first and after the last
 * is left out of this pass.
 *
 * @param offset below the windows' length
 */
record ShiftedWindows(TokenisedRows windows, int offset) implements TokenisedRows {

  @Override
  public int size() {
    return offset == 0 ? windows.size() : windows.size() - 1;
  }

  @Override
  public TrainingSample sample(int i) {
    if (offset == 0) {
      return windows.sample(i);
    }
    int[] ids = windows.sample(i).ids();
    int[] shifted = Arrays.copyOfRange(ids, offset, ids.length + offset);
    System.arraycopy(windows.sample(i + 1).ids(), 0, shifted, ids.length - offset, offset);
    return new TrainingSample(shifted, 0, false);
  }

  @Override
  public int length(int i) {
    return windows.length(i);
  }

  @Override
  public int promptLength(int i) {
    return 0;
  }

  @Override
  public boolean ends(int i) {
    return false;
  }

  @Override
  public int row(int i) {
    return i;
  }

  @Override
  public void close() {}
}
