package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.FileDigests;
import dev.unmask.model.safetensors.WeightFiles;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.HostNumbers;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.Transfer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A model of a folder, ready to run. On the processor weights in the compute type are mapped from
 * the files, which must stay unchanged while the model is open; a device has copies of its own.
 *
 * <p>Loading may happen on any thread; {@link #logits} belongs to one thread at a time, and {@link
 * #close} to a moment when nothing runs.
 */
public final class LoadedModel implements MaskPredictor, AutoCloseable {

  /**
   * How a model computes.
   *
   * @param precision never {@link Precision#AUTO}
   */
  public record Way(
      Precision precision, TransformerText.Attention attention, Kernels kernels, Device device) {

    /** Resolves the precision. */
    public Way {
      precision = precision.resolved(device);
    }

    /** With the kernels that suit the model there. */
    public static Way suited(
        ModelConfig config,
        Precision precision,
        TransformerText.Attention attention,
        Device device) {
      Precision resolved = precision.resolved(device);
      return new Way(resolved, attention, Kernels.suited(config, resolved, device), device);
    }

    /** As {@link #suited}, with fused attention. */
    public static Way suited(ModelConfig config, Precision precision, Device device) {
      return suited(config, precision, TransformerText.Attention.FUSED, device);
    }

    private TransformerText.Compute compute() {
      return precision.compute();
    }

    /**
     * Bytes of a model's weights in a precision: what they take of a device's memory, and of the
     * process's own where they are not mapped.
     */
    public static long weightBytes(ModelConfig config, Precision precision) {
      return weightBytes(config.parameterCount(), precision);
    }

    /** {@link #weightBytes(ModelConfig, Precision)} of so many numbers. */
    public static long weightBytes(long parameters, Precision precision) {
      return parameters * precision.compute().bytes();
    }

    private void require() {
      kernels.require(precision, device);
      if (device.isCpu()) {
        Stability.require(precision, attention, TorchRuntime.intraOpThreads(), Processor.here());
      }
    }
  }

  private final ModelConfig config;
  private final Way way;
  private final NDManager manager;
  private final ForwardPath path;

  private LoadedModel(ModelConfig config, Way way, NDManager manager, ForwardPath path) {
    this.config = config;
    this.way = way;
    this.manager = manager;
    this.path = path;
  }

  /**
   * Loads the model of a Hugging Face folder (config.json, safetensors).
   *
   * @param precision the compute type; {@link Precision#AUTO} decides by this machine
   * @throws InvalidModelException when the folder is not a model that this network runs exactly
   */
  public static LoadedModel load(Path folder, Precision precision) throws InvalidModelException {
    return load(folder, precision, Device.cpu(), FileDigests.NONE);
  }

  /**
   * {@link #load(Path, Precision)} with a config that was read (and perhaps amended) before, and a
   * choice of attention.
   *
   * @throws dev.unmask.model.torch.UnusableLibraryException when the combination is known to crash
   *     on this processor, see {@link Stability}
   */
  public static LoadedModel load(
      Path folder, ModelConfig config, Precision precision, TransformerText.Attention attention)
      throws InvalidModelException {
    return load(folder, config, Way.suited(config, precision, attention, Device.cpu()));
  }

  /**
   * {@link #load(Path, ModelConfig, Precision, TransformerText.Attention)} with a choice of
   * kernels.
   */
  public static LoadedModel load(
      Path folder,
      ModelConfig config,
      Precision precision,
      TransformerText.Attention attention,
      Kernels kernels)
      throws InvalidModelException {
    return load(folder, config, new Way(precision, attention, kernels, Device.cpu()));
  }

  /**
   * {@link #load(Path, Precision)} of files whose content is known, for example from a manifest.
   *
   * @throws InvalidModelException also when a file with weights has another digest
   */
  public static LoadedModel load(Path folder, Precision precision, FileDigests digests)
      throws InvalidModelException {
    return load(folder, precision, Device.cpu(), digests);
  }

  /** {@link #load(Path, Precision, FileDigests)} onto a device. */
  public static LoadedModel load(
      Path folder, Precision precision, Device device, FileDigests digests)
      throws InvalidModelException {
    ModelConfig config = ModelConfig.load(folder);
    Way way = Way.suited(config, precision, TransformerText.Attention.FUSED, device);
    return load(folder, config, way, digests);
  }

  /** {@link #load(Path, Precision)} with a config that was read before, in a given way. */
  public static LoadedModel load(Path folder, ModelConfig config, Way way)
      throws InvalidModelException {
    return load(folder, config, way, FileDigests.NONE);
  }

  private static LoadedModel load(Path folder, ModelConfig config, Way way, FileDigests digests)
      throws InvalidModelException {
    way.require();
    try {
      WeightFiles files = WeightFiles.read(folder, digests);
      Weights weights =
          owner ->
              way.kernels() == Kernels.STAGED
                  ? WeightLoader.copy(owner, files, config, way.compute(), way.device())
                  : WeightLoader.load(owner, files, config, way.compute());
      return make(config, way, weights);
    } catch (InvalidModelException e) {
      throw new InvalidModelException(folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * A model without files, whose weights are drawn where they are needed: for benchmarks of shapes
   * that are too large to be written first. Numbers are as {@link RandomModel} says, not the same.
   */
  public static LoadedModel random(ModelConfig config, Way way, long seed) {
    way.require();
    try {
      return make(
          config,
          way,
          owner -> RandomWeights.draw(owner, config, way.compute(), way.device(), seed));
    } catch (InvalidModelException e) {
      throw new IllegalStateException("drawn weights are never invalid", e);
    }
  }

  /** Where weights come from, in the order of {@link WeightTable}. */
  @FunctionalInterface
  private interface Weights {
    List<NDArray> onto(NDManager owner) throws InvalidModelException;
  }

  private static LoadedModel make(ModelConfig config, Way way, Weights weights)
      throws InvalidModelException {
    TransformerText.Compute type = way.compute();
    NDManager manager = TorchRuntime.newManager();
    try {
      NDArray noCache = manager.create(new float[0]);
      Function<PackedBatch.Segment, NDArray> caches = segment -> tensor(segment.cache(), noCache);
      ForwardPath path =
          switch (way.kernels()) {
            case PLAIN ->
                new PlainForward(
                    config, type, way.attention(), manager, weights.onto(manager), caches);
            case STAGED ->
                new StagedForward(
                    config,
                    type,
                    way.attention(),
                    manager,
                    new Transfer(way.device()),
                    weights.onto(manager),
                    caches);
            case PREPACKED -> {
              // What is mapped or cast goes with its own manager once it was laid out anew.
              try (NDManager passing = TorchRuntime.newManager()) {
                yield new PackedForward(
                    config,
                    way.precision() == Precision.INT8
                        ? QuantisedText.of(config, way.attention())
                        : PackedText.of(config, type, way.attention()),
                    type,
                    () -> AdaptedText.packed(config, type, way.attention()),
                    manager,
                    weights.onto(passing),
                    caches);
              }
            }
          };
      return new LoadedModel(config, way, manager, path);
    } catch (InvalidModelException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public int numberBytes() {
    return way.compute().bytes();
  }

  @Override
  public Device device() {
    return way.device();
  }

  /** What it computes in; never {@link Precision#AUTO}. */
  public Precision precision() {
    return way.precision();
  }

  public long parameterCount() {
    return config.parameterCount();
  }

  /** How it computes. */
  public Kernels kernels() {
    return way.kernels();
  }

  /**
   * Positions that {@link #states} computes for a batch: its tokens, and what they are padded with.
   */
  public long computedRows(PackedBatch batch) {
    return switch (way.kernels()) {
      case PLAIN, STAGED -> batch.tokens();
      case PREPACKED -> LongStream.of(ChunkPlan.of(batch, config.logitShift()).sizes()).sum();
    };
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    return path.states(owner, batch);
  }

  @Override
  public PreparedPass prepare(PackedBatch batch, HostNumbers numbers) {
    return path.prepare(batch, numbers);
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return path.head(owner, states);
  }

  @Override
  public KeyValueCache newCache(int length) {
    NDArray tensor = path.newCache(length);
    long numbers = 2L * config.layers() * length * config.kvHeads() * config.headWidth();
    return new TensorCache(tensor, length, numbers * way.compute().bytes());
  }

  /**
   * This model with thin matrices beside some of its own. May be called on any thread.
   *
   * @param factors at most one for each matrix
   * @param scale what each product of two is multiplied with
   * @throws IllegalArgumentException when a matrix has another shape than its factors, or this
   *     model computes in int8
   */
  public AdaptedModel withLowRank(List<LowRankAdapter.Factors> factors, double scale) {
    requireAdaptable();
    List<WeightTable.Weight> table = WeightTable.of(config);
    for (LowRankAdapter.Factors one : factors) {
      WeightTable.Weight weight =
          table.stream()
              .filter(w -> w.layer() == one.layer() && w.role() == one.role())
              .findFirst()
              .orElseThrow(() ->
                  new IllegalArgumentException(
                      "there is no matrix " + one.role() + " in layer " + one.layer()));
      if (!weight
          .shape()
          .equals(
              List.of((long) one.b().length / one.rank(), (long) one.a().length / one.rank()))) {
        throw new IllegalArgumentException(
            weight.name() + " is " + weight.shape() + "; the adapter is for another shape");
      }
    }
    return new AdaptedModel(this, path.lowRank(factors, scale));
  }

  /**
   * This model behind virtual tokens. May be called on any thread.
   *
   * @param vectors {@code [virtual tokens, width]}
   * @throws IllegalArgumentException when they leave no room in the context, do not fill whole
   *     blocks of a block-causal network, or this model computes in int8
   */
  public AdaptedModel withPrompt(float[] vectors) {
    requireAdaptable();
    int count = vectors.length / config.width();
    if (count < 1 || count * config.width() != vectors.length) {
      throw new IllegalArgumentException(
          vectors.length + " numbers are not vectors of " + config.width());
    }
    if (count >= config.contextLength()) {
      throw new IllegalArgumentException(
          count
              + " virtual tokens leave no room in a context of "
              + config.contextLength()
              + " positions");
    }
    if (config.mask() instanceof AttentionMask.BlockCausal blocks
        && count % blocks.blockLength() != 0) {
      throw new IllegalArgumentException(
          count
              + " virtual tokens do not fill whole blocks of "
              + blocks.blockLength()
              + ", in which this network sees");
    }
    return new AdaptedModel(this, path.prompt(vectors));
  }

  private void requireAdaptable() {
    if (way.precision() == Precision.INT8) {
      throw new IllegalArgumentException(
          "a model that computes in int8 takes no adapters; load it with f32 or bf16");
    }
    if (way.kernels() == Kernels.STAGED) {
      throw new IllegalArgumentException(
          "a model on "
              + way.device().label()
              + " with staged kernels takes no adapters yet; merge them into whole weights, or load"
              + " it on the processor");
    }
  }

  private static NDArray tensor(@Nullable KeyValueCache cache, NDArray noCache) {
    return switch (cache) {
      case null -> noCache;
      case TensorCache mine -> mine.tensor();
      default ->
          throw new IllegalArgumentException("the cache was made by another kind of predictor");
    };
  }

  /** {@code tensor} is {@code [layers, 2, length, kv heads, head]} in the compute type. */
  private record TensorCache(NDArray tensor, int length, long bytes) implements KeyValueCache {
    @Override
    public void close() {
      tensor.close();
    }
  }

  @Override
  public void close() {
    path.close();
    manager.close();
  }
}
