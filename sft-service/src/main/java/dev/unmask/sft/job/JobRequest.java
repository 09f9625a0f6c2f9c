package dev.unmask.sft.job;

import dev.unmask.sft.recipe.AskedHyperparameters;
import dev.unmask.store.Digest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was asked for.
 *
 * @param tenant whose it is, and what it makes; empty is everybody's
 * @param trainingFile id of an upload, or {@code topic:NAME}
 * @param validationFile id of an upload to be judged on; null for none
 * @param parent the weights to start from
 * @param suffix part of the new model's name; may be empty
 * @param asked how to train
 * @param merge whether whole weights are published where an adapter was trained
 * @param activate whether the base's default alias moves to the result
 * @param maxBadRows share of rows that may be rejected, 0 to 1
 * @param probes questions to answer before and after; empty for some of the dataset
 */
public record JobRequest(
    String id,
    String tenant,
    String trainingFile,
    @Nullable String validationFile,
    Digest parent,
    String suffix,
    long seed,
    AskedHyperparameters asked,
    boolean merge,
    boolean activate,
    double maxBadRows,
    List<String> probes) {

  public JobRequest {
    probes = List.copyOf(probes);
  }

  /** The name of the model that the job makes. */
  public String modelName(String base) {
    return "ft:" + base + ":" + suffix + ":" + id;
  }
}
