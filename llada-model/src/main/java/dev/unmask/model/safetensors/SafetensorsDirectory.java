package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** The tensors of a model folder, mapped; see {@link WeightFiles} for which files count. */
public final class SafetensorsDirectory {

  public static final String SINGLE_FILE = WeightFiles.SINGLE_FILE;
  public static final String INDEX_FILE = WeightFiles.INDEX_FILE;

  private final WeightFiles files;
  private final Map<String, StoredTensor> tensors;

  private SafetensorsDirectory(WeightFiles files, Map<String, StoredTensor> tensors) {
    this.files = files;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  /**
   * The tensor called {@code name} with exactly this shape.
   *
   * @throws InvalidModelException when it is missing or has another shape
   */
  public StoredTensor require(String name, long... shape) throws InvalidModelException {
    TensorEntry entry = files.require(name, shape);
    return Objects.requireNonNull(tensors.get(entry.name()));
  }

  /**
   * Maps all tensors of {@code folder}.
   *
   * @throws InvalidModelException when there are no weights, a shard is missing or damaged, or the
   *     index and the shards disagree
   */
  public static SafetensorsDirectory open(Path folder) throws InvalidModelException {
    return open(folder, FileDigests.NONE);
  }

  /**
   * {@link #open(Path)} for files whose content is known: the digest of each is taken from the
   * mapping that is returned.
   *
   * @throws InvalidModelException also when a file has another digest, or none is known for it
   */
  public static SafetensorsDirectory open(Path folder, FileDigests digests)
      throws InvalidModelException {
    WeightFiles files = WeightFiles.read(folder, digests);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (WeightFiles.Shard shard : files.shards()) {
      tensors.putAll(SafetensorsFile.open(shard.path(), digests).tensors());
    }
    if (!tensors.keySet().equals(files.tensors().keySet())) {
      throw new InvalidModelException(folder + " changed while it was read");
    }
    return new SafetensorsDirectory(files, tensors);
  }
}
