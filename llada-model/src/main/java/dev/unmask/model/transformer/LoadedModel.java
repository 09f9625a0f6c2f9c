package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.FileDigests;
import dev.unmask.model.safetensors.WeightFiles;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A model of a folder, ready to run. Weights in the compute type are mapped from the files, which
 * must stay unchanged while the model is open.
 *
 * <p>Loading may happen on any thread; {@link #logits} belongs to one thread at a time, and {@link
 * #close} to a moment when nothing runs.
 */
public final class LoadedModel implements MaskPredictor, AutoCloseable {

  private final ModelConfig config;
  private final Precision precision;
  private final NDManager manager;
  private final Kernels kernels;
  private final ForwardPath path;

  private LoadedModel(
      ModelConfig config,
      Precision precision,
      NDManager manager,
      Kernels kernels,
      ForwardPath path) {
    this.config = config;
    this.precision = precision;
    this.manager = manager;
    this.kernels = kernels;
    this.path = path;
  }

  /**
   * Loads the model of a Hugging Face folder (config.json, safetensors).
   *
   * @param precision the compute type; {@link Precision#AUTO} decides by this machine
   * @throws InvalidModelException when the folder is not a model that this network runs exactly
   */
  public static LoadedModel load(Path folder, Precision precision) throws InvalidModelException {
    return load(folder, ModelConfig.load(folder), precision, TransformerText.Attention.FUSED);
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
    return load(
        folder, config, precision, attention, Kernels.suited(config, precision), FileDigests.NONE);
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
    return load(folder, config, precision, attention, kernels, FileDigests.NONE);
  }

  /**
   * {@link #load(Path, Precision)} of files whose content is known, for example from a manifest.
   *
   * @throws InvalidModelException also when a file with weights has another digest
   */
  public static LoadedModel load(Path folder, Precision precision, FileDigests digests)
      throws InvalidModelException {
    ModelConfig config = ModelConfig.load(folder);
    return load(
        folder,
        config,
        precision,
        TransformerText.Attention.FUSED,
        Kernels.suited(config, precision),
        digests);
  }

  private static LoadedModel load(
      Path folder,
      ModelConfig config,
      Precision precision,
      TransformerText.Attention attention,
      Kernels kernels,
      FileDigests digests)
      throws InvalidModelException {
    Stability.require(precision, attention, TorchRuntime.intraOpThreads(), Processor.here());
    if (precision == Precision.INT8 && kernels == Kernels.PLAIN) {
      throw new IllegalArgumentException("int8 has no plain kernels; they must be prepacked");
    }
    WeightFiles files = WeightFiles.read(folder, digests);
    TransformerText.Compute type = precision.compute();
    NDManager manager = TorchRuntime.newManager();
    try {
      NDArray noCache = manager.create(new float[0]);
      Function<PackedBatch.Segment, NDArray> caches = segment -> tensor(segment.cache(), noCache);
      ForwardPath path =
          switch (kernels) {
            case PLAIN ->
                new PlainForward(
                    config,
                    type,
                    attention,
                    manager,
                    WeightLoader.load(manager, files, config, type),
                    caches);
            case PREPACKED -> {
              // What is mapped or cast goes with its own manager once it was laid out anew.
              try (NDManager passing = TorchRuntime.newManager()) {
                yield new PackedForward(
                    config,
                    precision == Precision.INT8
                        ? QuantisedText.of(config, attention)
                        : PackedText.of(config, type, attention),
                    type,
                    () -> AdaptedText.packed(config, type, attention),
                    manager,
                    WeightLoader.load(passing, files, config, type),
                    caches);
              }
            }
          };
      return new LoadedModel(config, precision.resolved(), manager, kernels, path);
    } catch (InvalidModelException | RuntimeException e) {
      manager.close();
      if (e instanceof InvalidModelException) {
        throw new InvalidModelException(folder + ": " + e.getMessage(), e);
      }
      throw e;
    }
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public int numberBytes() {
    return precision.compute().bytes();
  }

  /** What it computes in; never {@link Precision#AUTO}. */
  public Precision precision() {
    return precision;
  }

  public long parameterCount() {
    return config.parameterCount();
  }

  /** How it computes. */
  public Kernels kernels() {
    return kernels;
  }

  /**
   * Positions that {@link #states} computes for a batch: its tokens, and what they are padded with.
   */
  public long computedRows(PackedBatch batch) {
    return switch (kernels) {
      case PLAIN -> batch.tokens();
      case PREPACKED -> LongStream.of(ChunkPlan.of(batch, config.logitShift()).sizes()).sum();
    };
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    return path.states(owner, batch);
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return path.head(owner, states);
  }

  @Override
  public KeyValueCache newCache(int length) {
    NDArray tensor = path.newCache(length);
    long numbers = 2L * config.layers() * length * config.kvHeads() * config.headWidth();
    return new TensorCache(tensor, length, numbers * precision.compute().bytes());
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
    if (precision == Precision.INT8) {
      throw new IllegalArgumentException(
          "a model that computes in int8 takes no adapters; load it with f32 or bf16");
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
