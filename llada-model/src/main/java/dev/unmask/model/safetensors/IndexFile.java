package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A {@code model.safetensors.index.json}: which tensor is in which shard. Checked by itself;
 * whether the shards agree is {@link WeightFiles}' question.
 *
 * @param shardByTensor tensor name to file name, in the order of the file
 * @param totalSize bytes of all tensors, when the file says so
 */
public record IndexFile(Map<String, String> shardByTensor, OptionalLong totalSize) {

  private static final long MAX_BYTES = 100_000_000;
  private static final int MAX_TENSORS = 250_000;

  /** A plain file name: no folder, not hidden, nothing invisible. */
  private static final Pattern PLAIN = Pattern.compile("[^./\\\\\\p{Cntrl}][^/\\\\\\p{Cntrl}]*");

  public IndexFile {
    shardByTensor = Collections.unmodifiableMap(new LinkedHashMap<>(shardByTensor));
  }

  /** The shards in the order in which they are first named. */
  public Set<String> shards() {
    return new LinkedHashSet<>(shardByTensor.values());
  }

  /**
   * Reads {@code path}.
   *
   * @throws InvalidModelException when it is missing, has another digest, or is not such a file
   */
  public static IndexFile read(Path path, FileDigests digests) throws InvalidModelException {
    FileDigests.Check check = digests.begin(path);
    IndexFile index =
        OpenedFile.use(
            path,
            channel -> {
              long size = channel.size();
              if (size > MAX_BYTES) {
                throw new InvalidModelException(
                    "the index has " + size + " bytes; more than " + MAX_BYTES + " are not read");
              }
              ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size);
              check.update(bytes);
              return parse(bytes);
            });
    check.finish();
    return index;
  }

  static IndexFile parse(ByteBuffer bytes) throws InvalidModelException {
    try (StrictJson json = StrictJson.of("the index", bytes)) {
      Map<String, String> shards = null;
      OptionalLong totalSize = OptionalLong.empty();
      Set<String> names = new java.util.HashSet<>();
      json.beginObject("the index");
      for (String name = json.nextName(); name != null; name = json.nextName()) {
        if (!names.add(name)) {
          throw new InvalidModelException("the index names " + Quoted.of(name) + " twice");
        }
        switch (name) {
          case "weight_map" -> shards = weightMap(json);
          case "metadata" -> totalSize = totalSize(json);
          default -> json.skip();
        }
      }
      json.end();
      if (shards == null || shards.isEmpty()) {
        throw new InvalidModelException("the index has no weight_map");
      }
      return new IndexFile(shards, totalSize);
    }
  }

  private static Map<String, String> weightMap(StrictJson json) throws InvalidModelException {
    Map<String, String> shards = new LinkedHashMap<>();
    // One string per file and not one per tensor.
    Map<String, String> known = new LinkedHashMap<>();
    json.beginObject("weight_map");
    for (String tensor = json.nextName(); tensor != null; tensor = json.nextName()) {
      if (shards.size() == MAX_TENSORS) {
        throw new InvalidModelException("weight_map names more than " + MAX_TENSORS + " tensors");
      }
      String shard = json.string("weight_map." + Quoted.of(tensor));
      if (!known.containsKey(shard)) {
        checkPlain(shard);
        known.put(shard, shard);
      }
      if (shards.put(tensor, known.getOrDefault(shard, shard)) != null) {
        throw new InvalidModelException("weight_map names " + Quoted.of(tensor) + " twice");
      }
    }
    return shards;
  }

  /** The name comes from a file that may have been downloaded: it must stay in the folder. */
  private static void checkPlain(String shard) throws InvalidModelException {
    boolean plain = PLAIN.matcher(shard).matches() && shard.length() <= 255;
    try {
      plain = plain && Path.of(shard).getNameCount() == 1;
    } catch (InvalidPathException e) {
      plain = false;
    }
    if (!plain) {
      throw new InvalidModelException(
          "the index names the shard "
              + Quoted.of(shard)
              + "; a shard is a file of the same folder");
    }
  }

  private static OptionalLong totalSize(StrictJson json) throws InvalidModelException {
    OptionalLong size = OptionalLong.empty();
    json.beginObject("metadata");
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      if (key.equals("total_size")) {
        size = OptionalLong.of(json.wholeNumber("metadata.total_size"));
      } else {
        json.skip();
      }
    }
    return size;
  }
}
