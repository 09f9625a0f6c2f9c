package dev.unmask.sampler.models;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.DeviceMemory;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.safetensors.FileDigests;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Manifest;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where and in what weights are loaded. On a device they take their room before they are read, so
 * that requests and weights never want the same memory; the processor's are mapped files.
 *
 * @param memory of the requests; weights are taken off it where it is a {@link DeviceMemory}
 */
public record WeightLoading(Device device, Precision precision, MemoryBudget memory) {

  /** How long running requests may keep new weights out. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Bytes of a manifest's weights once they are loaded. */
  long bytes(Manifest manifest) {
    return LoadedModel.Way.weightBytes(
        manifest.architecture().paramCount(), precision.resolved(device));
  }

  /** Loads the weights of a folder. */
  LoadedModel load(Path folder) throws InvalidModelException, UnavailableModelException {
    if (!(memory instanceof DeviceMemory shared)) {
      return LoadedModel.load(folder, precision, device, FileDigests.NONE);
    }
    long bytes = LoadedModel.Way.weightBytes(ModelConfig.load(folder), precision.resolved(device));
    try {
      shared.reserve(bytes, PATIENCE);
    } catch (DeviceMemory.NoRoomException e) {
      throw new UnavailableModelException(Reason.BROKEN, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnavailableModelException(
          Reason.BROKEN, "the worker stopped before there was room for the weights", e);
    }
    try {
      return LoadedModel.load(folder, precision, device, FileDigests.NONE);
    } catch (InvalidModelException | RuntimeException e) {
      shared.release(bytes);
      throw e;
    }
  }

  /** Closes a model that this loaded. */
  void close(LoadedModel model) {
    long bytes = LoadedModel.Way.weightBytes(model.config(), model.precision());
    model.close();
    if (memory instanceof DeviceMemory shared) {
      shared.release(bytes);
    }
  }
}
