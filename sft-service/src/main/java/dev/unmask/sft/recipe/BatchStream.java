package dev.unmask.sft.recipe;

import dev.unmask.sft.recipe.BatchPlan.Batch;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * An endless row of batches that can begin at any position. Each pass may have its own samples (for
 * example other windows of a text), as long as they depend on the number of the pass only.
 */
public final class BatchStream {

  /** The samples of one pass; the same pass must always give the same. */
  @FunctionalInterface
  public interface Data {
    TokenisedRows samples(long epoch);
  }

  /**
   * One batch before noise.
   *
   * @param lengths tokens of each sample, padding included
   * @param epoch the pass it belongs to, from 0
   * @param index its place in the pass
   * @param batchesInEpoch batches of the pass
   * @param positions of the samples among those of the pass; empty where nobody knows
   */
  public record Rows(
      List<TrainingSample> samples,
      List<Integer> lengths,
      long epoch,
      int index,
      int batchesInEpoch,
      List<Integer> positions) {

    /** Rows of one length, without positions. */
    public Rows(
        List<TrainingSample> samples, int length, long epoch, int index, int batchesInEpoch) {
      this(
          samples,
          Collections.nCopies(samples.size(), length),
          epoch,
          index,
          batchesInEpoch,
          List.of());
    }

    /** Tokens of the longest row, padding included. */
    public int length() {
      return Collections.max(lengths);
    }

    /** Tokens that are computed, padding included. */
    public long tokens() {
      return lengths.stream().mapToLong(Integer::longValue).sum();
    }
  }

  private final Data data;
  private final BatchPlan.Shape shape;
  private final long seed;
  private long epoch;
  private int next;
  private TokenisedRows samples;
  private List<Batch> plan;

  /**
   * @param epoch the pass to begin in
   * @param batch batches of it to leave out; may be all of them
   */
  public BatchStream(Data data, BatchPlan.Shape shape, long seed, long epoch, int batch) {
    this.data = data;
    this.shape = shape;
    this.seed = seed;
    this.epoch = epoch;
    this.next = batch;
    this.samples = data.samples(epoch);
    this.plan = BatchPlan.of(samples, shape, seed, epoch);
    if (plan.isEmpty()) {
      throw new IllegalArgumentException("there is nothing to train on: no samples");
    }
  }

  /** Batches of the pass that the stream is in. */
  public int batchesInEpoch() {
    return plan.size();
  }

  /** The next batch; passes follow each other without end. */
  public Rows next() {
    while (next >= plan.size()) {
      epoch++;
      next = 0;
      samples = data.samples(epoch);
      plan = BatchPlan.of(samples, shape, seed, epoch);
    }
    Batch batch = plan.get(next);
    List<TrainingSample> rows = Arrays.stream(batch.rows()).mapToObj(samples::sample).toList();
    return new Rows(
        rows,
        Arrays.stream(batch.lengths()).boxed().toList(),
        epoch,
        next++,
        plan.size(),
        Arrays.stream(batch.rows()).boxed().toList());
  }
}
