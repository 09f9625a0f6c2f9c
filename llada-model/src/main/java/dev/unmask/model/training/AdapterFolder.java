package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.transformer.AdaptedModel;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.LowRankAdapter;
import dev.unmask.model.transformer.WeightTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An adapter in PEFT's format: adapter_config.json and adapter_model.safetensors, as PEFT's {@code
 * docs/source/developer_guides/checkpoint.md} describes them. Adapters written here also say in
 * both files which base they were made for, by content; one made elsewhere does not, and then
 * shapes are all that can be checked.
 *
 * @param folder where it is
 * @param method what it is
 * @param tensors by PEFT's names, mapped
 * @param base the base it was made for; null when it does not say
 */
public record AdapterFolder(
    Path folder, Method method, Map<String, StoredTensor> tensors, @Nullable BaseIdentity base) {

  public static final String WEIGHTS_FILE = "adapter_model.safetensors";
  public static final String CONFIG_FILE = PeftConfig.FILE;

  private static final String WEIGHTS_KEY = "unmask.base.weights_sha256";
  private static final String TOKENIZER_KEY = "unmask.base.tokenizer_sha256";

  public AdapterFolder {
    tensors = Map.copyOf(tensors);
  }

  /**
   * Reads a folder.
   *
   * @throws InvalidModelException when a file is missing or damaged, when the two disagree, or when
   *     the adapter is of a kind that cannot be computed here
   */
  public static AdapterFolder read(Path folder) throws InvalidModelException {
    PeftConfig config = PeftConfig.read(folder);
    SafetensorsFile file = SafetensorsFile.open(folder.resolve(WEIGHTS_FILE));
    List<String> modules = new ArrayList<>();
    for (String name : file.tensors().keySet()) {
      if (name.startsWith(PeftNames.PREFIX) && name.endsWith(PeftNames.A)) {
        modules.add(
            name.substring(PeftNames.PREFIX.length(), name.length() - PeftNames.A.length()));
      }
    }
    BaseIdentity inConfig = config.base();
    BaseIdentity inWeights = identity(file.metadata());
    if (inConfig != null && inWeights != null && !inConfig.equals(inWeights)) {
      throw new InvalidModelException(
          folder
              + ": "
              + CONFIG_FILE
              + " names the base sha256:"
              + inConfig.weights()
              + " and "
              + WEIGHTS_FILE
              + " names sha256:"
              + inWeights.weights()
              + "; the two files are not of one adapter");
    }
    return new AdapterFolder(
        folder, config.method(modules), file.tensors(), inWeights == null ? inConfig : inWeights);
  }

  private static @Nullable BaseIdentity identity(Map<String, String> metadata) {
    String weights = metadata.get(WEIGHTS_KEY);
    String tokenizer = metadata.get(TOKENIZER_KEY);
    return weights == null || tokenizer == null ? null : new BaseIdentity(weights, tokenizer);
  }

  /**
   * Checks that this adapter can sit on a model.
   *
   * @throws InvalidModelException when it was made for another base (with both digests), names a
   *     matrix that the model has not, lacks a tensor, or has one of another shape
   */
  Adapter on(ModelConfig config, BaseIdentity found) throws InvalidModelException {
    if (base != null) {
      base.require("the adapter " + folder, found);
    }
    return fitting(config);
  }

  /**
   * This adapter beside a model in memory. Which base it was made for is the caller's to check,
   * because that needs all of the base's weights.
   *
   * @throws InvalidModelException when it names a matrix that the model has not, lacks a tensor, or
   *     has one of another shape or one with a number that is not finite
   */
  public AdaptedModel beside(LoadedModel model) throws InvalidModelException {
    Adapter adapter = fitting(model.config());
    try {
      return switch (adapter) {
        case Adapter.LowRank lowRank -> {
          List<LowRankAdapter.Factors> factors = new ArrayList<>();
          for (int i = 0; i < lowRank.targets().size(); i++) {
            WeightTable.Weight target = lowRank.targets().get(i);
            factors.add(
                new LowRankAdapter.Factors(
                    target.layer(),
                    target.role(),
                    lowRank.method().rank(),
                    finite(lowRank.tensors().get(2 * i)),
                    finite(lowRank.tensors().get(2 * i + 1))));
          }
          yield model.withLowRank(factors, lowRank.method().scale());
        }
        case Adapter.SoftPrompt prompt -> model.withPrompt(finite(prompt.tensors().get(0)));
        case Adapter.Nothing nothing ->
            throw new IllegalStateException("no file is read as an adapter without tensors");
      };
    } catch (IllegalArgumentException e) {
      throw new InvalidModelException(folder + ": " + e.getMessage(), e);
    }
  }

  private float[] finite(Adapter.Tensor wanted) throws InvalidModelException {
    float[] values = Objects.requireNonNull(tensors.get(wanted.name())).toFloats();
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new InvalidModelException(
            folder.resolve(WEIGHTS_FILE)
                + ": number "
                + i
                + " of "
                + wanted.name()
                + " is "
                + values[i]
                + "; an adapter with such numbers cannot answer");
      }
    }
    return values;
  }

  private Adapter fitting(ModelConfig config) throws InvalidModelException {
    Adapter adapter = Adapter.of(config, method);
    if (adapter == null) {
      throw new InvalidModelException(folder + " holds no adapter");
    }
    for (Adapter.Tensor wanted : adapter.tensors()) {
      StoredTensor tensor = tensors.get(wanted.name());
      if (tensor == null) {
        throw new InvalidModelException(
            folder.resolve(WEIGHTS_FILE) + " has no tensor " + wanted.name());
      }
      if (!Arrays.stream(tensor.shape()).boxed().toList().equals(wanted.shape())) {
        throw new InvalidModelException(
            folder.resolve(WEIGHTS_FILE)
                + ": tensor "
                + tensor
                + " should have the shape "
                + wanted.shape()
                + " for this base and "
                + CONFIG_FILE);
      }
    }
    Set<String> known =
        adapter.tensors().stream().map(Adapter.Tensor::name).collect(Collectors.toSet());
    for (String name : tensors.keySet()) {
      if (!known.contains(name)) {
        throw new InvalidModelException(
            folder.resolve(WEIGHTS_FILE)
                + " holds the tensor "
                + name
                + ", which no part of this base takes; such an adapter would not be whole");
      }
    }
    return adapter;
  }

  /**
   * Writes an adapter; each file is replaced as a whole.
   *
   * @param baseName what to call the base for people and for PEFT, such as a path or a name
   */
  static void write(
      Path folder,
      ModelConfig config,
      Adapter adapter,
      List<TrainedTensor> tensors,
      BaseIdentity base,
      String baseName)
      throws IOException {
    Files.createDirectories(folder);
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .metadata(WEIGHTS_KEY, base.weights())
            .metadata(TOKENIZER_KEY, base.tokenizer());
    for (TrainedTensor tensor : tensors) {
      writer.add(tensor.name(), ElementType.F32, tensor.dimensions(), tensor::values);
    }
    Path weights = folder.resolve(WEIGHTS_FILE + ".tmp");
    writer.write(weights);
    replace(weights, folder.resolve(WEIGHTS_FILE));
    Path text = folder.resolve(CONFIG_FILE + ".tmp");
    Files.writeString(text, PeftConfig.of(config, adapter, base, baseName));
    replace(text, folder.resolve(CONFIG_FILE));
  }

  private static void replace(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
