package dev.unmask.sft.recipe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Cuts a share of the batches of plain text to a random length, the whole batch at once, so that a
 * model that is pre-trained on full windows has seen short texts too (GUIDELINES.md of
 * ML-GSAI/LLaDA, which does so with 1 %). Batches with a prompt or an end are left as they are.
 *
 * @param share of the batches, 0 to 1
 */
public record RandomLengths(double share, long seed) {

  /** A batch, cut or not; a function of the seed and the batch's place in the data. */
  public BatchStream.Rows apply(BatchStream.Rows rows) {
    if (share <= 0 || rows.samples().stream().anyMatch(s -> s.ends() || s.promptLength() > 0)) {
      return rows;
    }
    SplittableRandom random = Seeds.stream(seed, "length", (rows.epoch() << 32) + rows.index());
    if (random.nextDouble() >= share) {
      return rows;
    }
    int length = 1 + random.nextInt(rows.length());
    List<TrainingSample> cut = new ArrayList<>();
    for (TrainingSample sample : rows.samples()) {
      cut.add(
          sample.length() <= length
              ? sample
              : new TrainingSample(Arrays.copyOf(sample.ids(), length), 0, false));
    }
    // Windows that do not end are never padded.
    return new BatchStream.Rows(
        cut,
        cut.stream().map(TrainingSample::length).toList(),
        rows.epoch(),
        rows.index(),
        rows.batchesInEpoch(),
        rows.positions());
  }
}
