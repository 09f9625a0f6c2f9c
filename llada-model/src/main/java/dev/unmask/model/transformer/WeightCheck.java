package dev.unmask.model.transformer;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.IndexFile;
import dev.unmask.model.safetensors.TensorEntry;
import dev.unmask.model.safetensors.WeightFiles;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whether the tensors of a model folder are those that its config.json describes, judged by headers
 * alone: every weight there in the right shape, nothing left over that would be ignored.
 */
public final class WeightCheck {

  private WeightCheck() {}

  /**
   * Judges headers.
   *
   * @return the weights in the order of {@link WeightTable}
   * @throws InvalidModelException when a tensor is missing, has the wrong shape or type, or is one
   *     that this network would not use
   */
  public static List<WeightTable.Weight> require(WeightFiles files, ModelConfig config)
      throws InvalidModelException {
    List<WeightTable.Weight> table = table(config, files.tensors().keySet());
    Set<String> unused = new HashSet<>(files.tensors().keySet());
    for (WeightTable.Weight weight : table) {
      int unusedCode = code(files.require(weight.name(), weight.dimensions()));
      unused.remove(weight.name());
    }
    Optional<String> copy = WeightTable.copyOfEmbedding(config).filter(unused::remove);
    if (copy.isPresent()) {
      int unusedCode = code(files.require(copy.get(), table.get(0).dimensions()));
    }
    refuseUnused(unused);
    return table;
  }

  /**
   * Judges names, which are all that an index file has.
   *
   * @throws InvalidModelException when a tensor is missing, or one that this network would not use
   *     is there
   */
  public static void requireNames(IndexFile index, ModelConfig config)
      throws InvalidModelException {
    Set<String> unused = new HashSet<>(index.shardByTensor().keySet());
    for (WeightTable.Weight weight : table(config, index.shardByTensor().keySet())) {
      if (!unused.remove(weight.name())) {
        throw new InvalidModelException("the index has no tensor " + weight.name());
      }
    }
    WeightTable.copyOfEmbedding(config).ifPresent(unused::remove);
    refuseUnused(unused);
  }

  /** No table is made for as many layers as some config.json may claim. */
  private static List<WeightTable.Weight> table(ModelConfig config, Set<String> tensors)
      throws InvalidModelException {
    if (config.layers() > tensors.size()) {
      throw new InvalidModelException(
          "config.json says "
              + config.layers()
              + " layers, but the files hold only "
              + tensors.size()
              + " tensors");
    }
    WeightTable.checkKind(config, tensors);
    return WeightTable.of(config);
  }

  private static void refuseUnused(Set<String> unused) throws InvalidModelException {
    if (!unused.isEmpty()) {
      throw new InvalidModelException(
          "the files hold "
              + unused.size()
              + " tensors that config.json gives no use, such as "
              + unused.stream().sorted().findFirst().orElseThrow());
    }
  }

  /** The number that TorchScript has for the stored type. */
  static int code(TensorEntry entry) throws InvalidModelException {
    return switch (entry.type()) {
      case F32 -> 6;
      case F16 -> 5;
      case BF16 -> 15;
      case F64, I64, I32, I16, I8, U8, BOOL ->
          throw new InvalidModelException("tensor " + entry + " should be F32, F16 or BF16");
    };
  }
}
