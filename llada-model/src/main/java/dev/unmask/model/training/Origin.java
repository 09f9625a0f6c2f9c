package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.StoredTensor;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a model's weights come from.
 *
 * @param identity of the base under an adapter; null where all weights learn or no folder holds
 *     them
 */
record Origin(TrainableTensors.Base values, @Nullable BaseIdentity identity) {

  static Origin folder(Path folder, boolean isBase) throws InvalidModelException {
    SafetensorsDirectory files = SafetensorsDirectory.open(folder);
    return new Origin(
        (index, weight) -> files.require(weight.name(), weight.dimensions()).toFloats(),
        isBase ? BaseIdentity.of(folder, files) : null);
  }

  static Origin stored(Map<String, StoredTensor> weights) {
    return new Origin(
        (index, weight) -> TrainingState.values(weights, weight.name(), weight.shape()), null);
  }

  static Origin drawn(long seed) {
    return new Origin((index, weight) -> InitialWeights.of(index, weight, seed), null);
  }
}
