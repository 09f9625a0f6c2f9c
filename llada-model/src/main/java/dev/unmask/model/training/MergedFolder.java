package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Makes one plain checkpoint folder of a base and a low-rank adapter. One tensor is in memory at a
 * time, and no native library is needed.
 */
public final class MergedFolder {

  private MergedFolder() {}

  /**
   * Writes {@code into}, which must not exist: the base's files, with the adapter's product added
   * to its targets. Every tensor keeps the type that the base stores it in. The folder appears as a
   * whole or not at all.
   *
   * @throws InvalidModelException when the base is not a model, or the adapter is not one for it
   *     (with both digests) or cannot be merged
   */
  public static void write(Path base, Path adapterFolder, Path into)
      throws InvalidModelException, IOException {
    AdapterFolder stored = AdapterFolder.read(adapterFolder);
    ModelConfig config = ModelConfig.load(base);
    SafetensorsDirectory files = SafetensorsDirectory.open(base);
    Adapter adapter = stored.on(config, BaseIdentity.of(base, files));
    if (!(adapter instanceof Adapter.LowRank lowRank)) {
      throw new InvalidModelException(
          adapterFolder
              + " holds virtual tokens, which no weight can hold; only LoRA adapters can be"
              + " merged");
    }
    if (Files.exists(into)) {
      throw new InvalidModelException(into + " exists already; name a new folder");
    }
    Path whole = into.toAbsolutePath();
    Path temporary = whole.resolveSibling(whole.getFileName() + ".tmp");
    delete(temporary);
    Files.createDirectories(temporary);
    try {
      copyOthers(base, temporary);
      SafetensorsWriter writer = new SafetensorsWriter();
      for (Weight weight : WeightTable.of(config)) {
        StoredTensor tensor = files.require(weight.name(), weight.dimensions());
        writer.add(
            weight.name(),
            tensor.type(),
            weight.dimensions(),
            () -> merged(tensor, weight, lowRank, stored));
      }
      writer.write(temporary.resolve(SafetensorsDirectory.SINGLE_FILE));
      Files.move(temporary, whole, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(temporary);
    }
  }

  private static float[] merged(
      StoredTensor tensor, Weight weight, Adapter.LowRank adapter, AdapterFolder stored) {
    float[] values = tensor.toFloats();
    int target = adapter.targets().indexOf(weight);
    if (target >= 0) {
      LowRankProduct.add(
          values,
          values(stored, adapter.tensors().get(2 * target)),
          values(stored, adapter.tensors().get(2 * target + 1)),
          adapter.method().rank(),
          adapter.method().scale());
    }
    return values;
  }

  private static float[] values(AdapterFolder stored, Adapter.Tensor tensor) {
    return Objects.requireNonNull(stored.tensors().get(tensor.name())).toFloats();
  }

  /** Everything that is not a weight: the shape, the tokenizer, the template. */
  private static void copyOthers(Path from, Path to) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(from)) {
      files = all.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      String name = String.valueOf(file.getFileName());
      if (!name.endsWith(".safetensors") && !name.endsWith(".safetensors.index.json")) {
        Files.copy(file, to.resolve(name));
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(path -> {
            try {
              Files.delete(path);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
