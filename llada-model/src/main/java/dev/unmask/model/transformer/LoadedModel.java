package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.FileDigests;
import dev.unmask.model.safetensors.WeightFiles;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.nio.file.Path;
import java.util.List;
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
  private final TorchScriptModule module;
  private final TensorList weights;
  private final NDArray cosines;
  private final NDArray sines;
  private final NDArray noCache;

  private LoadedModel(
      ModelConfig config,
      Precision precision,
      NDManager manager,
      TorchScriptModule module,
      List<NDArray> weights) {
    this.config = config;
    this.precision = precision;
    this.manager = manager;
    this.module = module;
    this.weights = new TensorList(weights);
    List<NDArray> tables =
        module.call(manager, "rope_table", Argument.of((long) config.contextLength()));
    this.cosines = tables.get(0);
    this.sines = tables.get(1);
    this.noCache = manager.create(new float[0]);
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
    return load(folder, config, precision, attention, FileDigests.NONE);
  }

  /**
   * {@link #load(Path, Precision)} of files whose content is known, for example from a manifest.
   *
   * @throws InvalidModelException also when a file with weights has another digest
   */
  public static LoadedModel load(Path folder, Precision precision, FileDigests digests)
      throws InvalidModelException {
    return load(
        folder, ModelConfig.load(folder), precision, TransformerText.Attention.FUSED, digests);
  }

  private static LoadedModel load(
      Path folder,
      ModelConfig config,
      Precision precision,
      TransformerText.Attention attention,
      FileDigests digests)
      throws InvalidModelException {
    Stability.require(precision, attention, TorchRuntime.intraOpThreads(), Processor.here());
    WeightFiles files = WeightFiles.read(folder, digests);
    TransformerText.Compute type = precision.compute();
    NDManager manager = TorchRuntime.newManager();
    TorchScriptModule module = null;
    try {
      List<NDArray> weights = WeightLoader.load(manager, files, config, type);
      module = TorchScriptModule.compile(TransformerText.of(config, type, attention));
      return new LoadedModel(config, precision.resolved(), manager, module, weights);
    } catch (InvalidModelException | RuntimeException e) {
      if (module != null) {
        module.close();
      }
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

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    List<PackedBatch.Segment> segments = batch.segments();
    try (NDManager inputs = owner.newSubManager()) {
      return module.callOne(
          owner,
          "states",
          Argument.of(weights),
          Argument.of(inputs.create(batch.ids())),
          Argument.of(cosines),
          Argument.of(sines),
          Argument.ofInts(segments.stream().mapToLong(PackedBatch.Segment::from).toArray()),
          Argument.ofInts(batch.lengths()),
          Argument.ofInts(segments.stream().mapToLong(PackedBatch.Segment::keys).toArray()),
          Argument.of(segments.stream().map(segment -> tensor(segment.cache())).toList()),
          Argument.of(inputs.create(batch.rows(config.logitShift()))));
    }
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return module.callOne(owner, "head", Argument.of(weights), Argument.of(states));
  }

  @Override
  public KeyValueCache newCache(int length) {
    NDArray tensor = module.callOne(manager, "new_cache", Argument.of((long) length));
    long numbers = 2L * config.layers() * length * config.kvHeads() * config.headWidth();
    return new TensorCache(tensor, length, numbers * precision.compute().bytes());
  }

  private NDArray tensor(@Nullable KeyValueCache cache) {
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
    weights.close();
    module.close();
    manager.close();
  }
}
