package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the headers of a model folder say: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names (Hugging Face's layout). No data are mapped or read.
 */
public final class WeightFiles {

  public static final String SINGLE_FILE = "model.safetensors";
  public static final String INDEX_FILE = "model.safetensors.index.json";

  private final Path folder;
  private final List<Shard> shards;
  private final FileDigests digests;
  private final Map<String, TensorEntry> tensors;

  private WeightFiles(Path folder, List<Shard> shards, FileDigests digests) {
    this.folder = folder;
    this.shards = List.copyOf(shards);
    this.digests = digests;
    Map<String, TensorEntry> byName = new LinkedHashMap<>();
    shards.forEach(
        shard -> shard.header().entries().forEach(entry -> byName.put(entry.name(), entry)));
    this.tensors = Collections.unmodifiableMap(byName);
  }

  /** One file. */
  public record Shard(Path path, SafetensorsHeader header) {}

  /**
   * Reads the headers of {@code folder}.
   *
   * @param digests the index file's digest is checked here
   * @throws InvalidModelException when there are no weights, a shard is missing or damaged, or
   *     index and shards disagree
   */
  public static WeightFiles read(Path folder, FileDigests digests) throws InvalidModelException {
    Path index = folder.resolve(INDEX_FILE);
    if (Files.isRegularFile(index)) {
      return new WeightFiles(folder, shards(folder, index, digests), digests);
    }
    Path single = folder.resolve(SINGLE_FILE);
    if (!Files.exists(single)) {
      throw new InvalidModelException(
          folder + " holds neither " + SINGLE_FILE + " nor " + INDEX_FILE);
    }
    return new WeightFiles(folder, List.of(shard(single)), digests);
  }

  private static Shard shard(Path path) throws InvalidModelException {
    return new Shard(path, OpenedFile.use(path, SafetensorsHeader::read));
  }

  private static List<Shard> shards(Path folder, Path path, FileDigests digests)
      throws InvalidModelException {
    IndexFile index = IndexFile.read(path, digests);
    List<Shard> shards = new ArrayList<>();
    int found = 0;
    for (String name : index.shards()) {
      Shard shard = shard(folder.resolve(name));
      for (TensorEntry entry : shard.header().entries()) {
        String where = index.shardByTensor().get(entry.name());
        if (!name.equals(where)) {
          throw new InvalidModelException(
              shard.path()
                  + " holds the tensor "
                  + Quoted.of(entry.name())
                  + (where == null
                      ? ", which the index does not name"
                      : ", which the index puts into " + Quoted.of(where)));
        }
        found++;
      }
      shards.add(shard);
    }
    // Every tensor found is one that the index puts there, so equal numbers mean equal sets.
    if (found != index.shardByTensor().size()) {
      throw missing(folder, index, shards);
    }
    // total_size is not compared: published files count tied weights once or twice, and what the
    // shards hold is known exactly from their headers.
    return shards;
  }

  private static InvalidModelException missing(Path folder, IndexFile index, List<Shard> shards) {
    Map<String, String> left = new LinkedHashMap<>(index.shardByTensor());
    shards.forEach(shard -> shard.header().entries().forEach(entry -> left.remove(entry.name())));
    Map.Entry<String, String> first = left.entrySet().iterator().next();
    return new InvalidModelException(
        folder.resolve(first.getValue())
            + " lacks the tensor "
            + Quoted.of(first.getKey())
            + " that the index puts there");
  }

  /** The files with weights; index and shards agree exactly. */
  public List<Shard> shards() {
    return shards;
  }

  /** What the files should contain; checked by whoever uses their data. */
  public FileDigests digests() {
    return digests;
  }

  /** All tensors by name, in the order of their bytes, shard after shard. */
  public Map<String, TensorEntry> tensors() {
    return tensors;
  }

  /**
   * The tensor called {@code name} with exactly this shape.
   *
   * @throws InvalidModelException when it is missing or has another shape
   */
  public TensorEntry require(String name, long... shape) throws InvalidModelException {
    TensorEntry tensor = tensors.get(name);
    if (tensor == null) {
      throw new InvalidModelException(folder + " has no tensor " + name);
    }
    if (!Arrays.equals(tensor.dimensions(), shape)) {
      throw new InvalidModelException(
          folder
              + ": tensor "
              + tensor
              + " should have the shape "
              + Arrays.toString(shape)
              + " by config.json");
    }
    return tensor;
  }
}
