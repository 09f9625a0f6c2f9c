package dev.unmask.sft.dataset;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;

/**
 * The pairs of a preference dataset: of the samples at 2i and 2i + 1 the first is the better
 * answer, and both have the same prompt.
 *
 * @param samples of a dataset of the format {@link DatasetFormat#PREFERENCE}
 */
public record PreferenceRows(TokenisedRows samples) {

  public PreferenceRows {
    if (samples.size() % 2 != 0) {
      throw new IllegalArgumentException("preference rows come in pairs");
    }
  }

  /** Pairs there are. */
  public int size() {
    return samples.size() / 2;
  }

  /** The better answer of a pair. */
  public TrainingSample chosen(int i) {
    return samples.sample(2 * i);
  }

  /** The worse answer of a pair. */
  public TrainingSample rejected(int i) {
    return samples.sample(2 * i + 1);
  }
}
