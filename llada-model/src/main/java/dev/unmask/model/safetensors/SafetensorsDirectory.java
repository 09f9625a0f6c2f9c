package dev.unmask.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors of a model folder: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names (Hugging Face's layout).
 */
public final class SafetensorsDirectory {

  public static final String SINGLE_FILE = "model.safetensors";
  public static final String INDEX_FILE = "model.safetensors.index.json";

  private final Path folder;
  private final Map<String, StoredTensor> tensors;

  private SafetensorsDirectory(Path folder, Map<String, StoredTensor> tensors) {
    this.folder = folder;
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
    StoredTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new InvalidModelException(folder + " has no tensor " + name);
    }
    if (!java.util.Arrays.equals(tensor.shape(), shape)) {
      throw new InvalidModelException(
          folder
              + ": tensor "
              + tensor
              + " should have the shape "
              + java.util.Arrays.toString(shape)
              + " by config.json");
    }
    return tensor;
  }

  /**
   * Maps all tensors of {@code folder}.
   *
   * @throws InvalidModelException when neither file exists, a shard is missing or damaged, or the
   *     index and the shards disagree
   */
  public static SafetensorsDirectory open(Path folder) throws InvalidModelException {
    Path index = folder.resolve(INDEX_FILE);
    if (Files.isRegularFile(index)) {
      return openShards(folder, index);
    }
    Path single = folder.resolve(SINGLE_FILE);
    if (!Files.isRegularFile(single)) {
      throw new InvalidModelException(
          folder + " holds neither " + SINGLE_FILE + " nor " + INDEX_FILE);
    }
    return new SafetensorsDirectory(folder, SafetensorsFile.open(single).tensors());
  }

  private static SafetensorsDirectory openShards(Path folder, Path index)
      throws InvalidModelException {
    JsonNode weightMap;
    try {
      weightMap = new ObjectMapper().readTree(index.toFile()).path("weight_map");
    } catch (IOException e) {
      throw new InvalidModelException(index + " could not be read: " + e.getMessage(), e);
    }
    if (!weightMap.isObject() || weightMap.isEmpty()) {
      throw new InvalidModelException(index + " has no weight_map");
    }
    Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
      String shardName = entry.getValue().asText();
      // The name comes from a file that may have been downloaded: it must stay in the folder.
      if (shardName.contains("/") || shardName.contains("\\") || shardName.startsWith(".")) {
        throw new InvalidModelException(
            index + " names the shard " + shardName + "; a shard is a file of the same folder");
      }
      SafetensorsFile shard = shards.get(shardName);
      if (shard == null) {
        shard = SafetensorsFile.open(folder.resolve(shardName));
        shards.put(shardName, shard);
      }
      StoredTensor tensor = shard.tensors().get(entry.getKey());
      if (tensor == null) {
        throw new InvalidModelException(
            shard.path() + " lacks the tensor " + entry.getKey() + " that the index puts there");
      }
      tensors.put(entry.getKey(), tensor);
    }
    return new SafetensorsDirectory(folder, tensors);
  }
}
