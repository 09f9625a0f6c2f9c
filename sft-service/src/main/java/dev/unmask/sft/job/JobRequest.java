package dev.unmask.sft.job;

import dev.unmask.store.Digest;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for.
 *
 * @param trainingFile id of an upload
 * @param parent the weights to start from
 * @param suffix part of the new model's name; may be empty
 * @param epochs null for the default, as are the next three
 * @param batchRows most rows of a batch
 * @param maxLength rows with more tokens are rejected
 * @param activate whether the base's default alias moves to the result
 * @param maxBadRows share of rows that may be rejected, 0 to 1
 */
public record JobRequest(
    String id,
    String trainingFile,
    Digest parent,
    String suffix,
    long seed,
    @Nullable Integer epochs,
    @Nullable Integer batchRows,
    @Nullable Double learningRate,
    @Nullable Integer maxLength,
    boolean activate,
    double maxBadRows) {

  /** The name of the model that the job makes. */
  public String modelName(String base) {
    return "ft:" + base + ":" + suffix + ":" + id;
  }
}
