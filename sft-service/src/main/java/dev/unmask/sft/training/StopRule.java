package dev.unmask.sft.training;

/** When a run is complete. */
public sealed interface StopRule {

  /** The share of the run that is over, at least 1 when it is complete. */
  double progress(TrainingPosition position, int batchesInEpoch);

  /** After a number of updates. */
  record Steps(long count) implements StopRule {
    @Override
    public double progress(TrainingPosition position, int batchesInEpoch) {
      return position.step() / (double) count;
    }
  }

  /** After a number of passes over the data. */
  record Epochs(long count) implements StopRule {
    @Override
    public double progress(TrainingPosition position, int batchesInEpoch) {
      double done = batchesInEpoch == 0 ? 0 : position.batch() / (double) batchesInEpoch;
      return (position.epoch() + done) / count;
    }
  }

  /** When the first of two rules says so. */
  record First(StopRule one, StopRule other) implements StopRule {
    @Override
    public double progress(TrainingPosition position, int batchesInEpoch) {
      return Math.max(
          one.progress(position, batchesInEpoch), other.progress(position, batchesInEpoch));
    }
  }

  /**
   * After a time of training. Where the learning rate falls with progress such a run cannot be
   * repeated bit for bit.
   */
  record Seconds(double seconds) implements StopRule {
    @Override
    public double progress(TrainingPosition position, int batchesInEpoch) {
      return position.seconds() / seconds;
    }
  }
}
