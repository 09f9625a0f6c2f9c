package dev.unmask.sft.job;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.training.AdapterFolder;
import dev.unmask.model.transformer.AdaptedModel;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.Precision;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Weights on the disk that are to answer something.
 *
 * @param folder a model
 * @param adapter a folder with what stands beside it; null for the weights alone
 */
record StoredWeights(Path folder, @Nullable Path adapter) {

  /** What is done with them while they are in memory. */
  @FunctionalInterface
  interface Use<T> {
    T of(MaskPredictor model) throws JobFailedException;
  }

  /** Loads them, and lets go of them afterwards. */
  <T> T with(Precision precision, Use<T> use) throws InvalidModelException, JobFailedException {
    try (LoadedModel whole = LoadedModel.load(folder, precision)) {
      if (adapter == null) {
        return use.of(whole);
      }
      try (AdaptedModel adapted = AdapterFolder.read(adapter).beside(whole)) {
        return use.of(adapted);
      }
    }
  }
}
