package dev.unmask.model.inspect;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.FileDigests;
import dev.unmask.model.safetensors.IndexFile;
import dev.unmask.model.safetensors.TensorEntry;
import dev.unmask.model.safetensors.WeightFiles;
import dev.unmask.model.transformer.WeightCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What is stored, as far as the folder says it.
 *
 * @param source where this comes from
 * @param tensors how many there are
 * @param shards how many files with weights
 * @param bytes of all tensors, when something says so
 * @param bytesByType empty unless the headers are there
 */
public record StoredWeights(
    Source source,
    int tensors,
    int shards,
    OptionalLong bytes,
    Map<ElementType, Long> bytesByType) {

  /** How much of a checkpoint is there. */
  public enum Source {
    /** All files with weights; names, shapes and types agree with config.json. */
    HEADERS,
    /** Only the index of the shards; names agree with config.json. */
    INDEX,
    /** Neither. */
    NONE
  }

  public StoredWeights {
    bytesByType = Collections.unmodifiableMap(new TreeMap<>(bytesByType));
  }

  /**
   * Reads headers, or the index where no shard is.
   *
   * @throws InvalidModelException when something is there and does not fit
   */
  static StoredWeights read(Path folder, ModelConfig config) throws InvalidModelException {
    Path path = folder.resolve(WeightFiles.INDEX_FILE);
    if (Files.isRegularFile(path)) {
      IndexFile index = IndexFile.read(path, FileDigests.NONE);
      if (index.shards().stream().noneMatch(shard -> Files.exists(folder.resolve(shard)))) {
        WeightCheck.requireNames(index, config);
        return new StoredWeights(
            Source.INDEX,
            index.shardByTensor().size(),
            index.shards().size(),
            index.totalSize(),
            Map.of());
      }
    } else if (!Files.exists(folder.resolve(WeightFiles.SINGLE_FILE))) {
      return new StoredWeights(Source.NONE, 0, 0, OptionalLong.empty(), Map.of());
    }
    return ofHeaders(WeightFiles.read(folder, FileDigests.NONE), config);
  }

  private static StoredWeights ofHeaders(WeightFiles files, ModelConfig config)
      throws InvalidModelException {
    var unusedTable = WeightCheck.require(files, config);
    Map<ElementType, Long> bytes = new TreeMap<>();
    for (TensorEntry entry : files.tensors().values()) {
      bytes.merge(entry.type(), entry.bytes(), Long::sum);
    }
    return new StoredWeights(
        Source.HEADERS,
        files.tensors().size(),
        files.shards().size(),
        OptionalLong.of(bytes.values().stream().mapToLong(Long::longValue).sum()),
        bytes);
  }
}
