package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.Stability;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A network that learns. Its {@link Method} says which tensors do: they are float32 masters whose
 * gradients add up from batch to batch until {@link AdamW} applies or clears them. The rest is
 * frozen, in the compute type, without gradients. One thread at a time.
 */
public final class TrainableModel implements AutoCloseable {

  private final ModelConfig config;
  private final Method method;
  private final @Nullable Adapter adapter;
  private final @Nullable BaseIdentity base;
  private final NDManager manager;
  private final TorchScriptModule module;
  private final TrainableTensors tensors;
  private final NDArray cosines;
  private final NDArray sines;
  private boolean recomputing;

  private TrainableModel(
      ModelConfig config,
      Compute compute,
      Method method,
      @Nullable Adapter adapter,
      Origin origin,
      TrainableTensors.First first)
      throws InvalidModelException {
    Stability.require(
        compute == Compute.BFLOAT16 ? Precision.BF16 : Precision.F32,
        Attention.FUSED,
        TorchRuntime.intraOpThreads(),
        Processor.here());
    this.config = config;
    this.method = method;
    this.adapter = adapter;
    this.base = origin.identity();
    this.manager = TorchRuntime.newManager();
    this.module = TorchScriptModule.compile(TrainingText.of(config, compute, adapter));
    try {
      this.tensors = new TrainableTensors(manager, module, config, adapter, origin.values(), first);
      List<NDArray> angles =
          module.call(manager, "rope_table", Argument.of((long) config.contextLength()));
      this.cosines = usableInRecords(angles.get(0));
      this.sines = usableInRecords(angles.get(1));
    } catch (InvalidModelException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** A result of inference mode cannot take part in a recorded call; a copy can. */
  private NDArray usableInRecords(NDArray inferred) {
    try (inferred) {
      return manager.create(inferred.toFloatArray(), inferred.getShape());
    }
  }

  /** New weights from a seed; all of them learn. */
  public static TrainableModel random(ModelConfig config, Compute compute, long seed) {
    try {
      return random(config, compute, new Method.Full(), seed);
    } catch (InvalidModelException e) {
      throw new IllegalStateException("random weights need no file", e);
    }
  }

  /**
   * New weights from a seed, and what a method adds to them as it begins: for measurements.
   *
   * @throws InvalidModelException when the method does not fit the model
   */
  public static TrainableModel random(ModelConfig config, Compute compute, Method method, long seed)
      throws InvalidModelException {
    return new TrainableModel(
        config,
        compute,
        method,
        Adapter.of(config, method),
        Origin.drawn(seed),
        TrainableTensors.First.drawn(seed));
  }

  /**
   * The weights of a model folder; all of them learn.
   *
   * @throws InvalidModelException when the folder is not a LLaDA model
   */
  public static TrainableModel load(Path folder, Compute compute) throws InvalidModelException {
    return load(folder, compute, new Method.Full(), 0);
  }

  /**
   * A model folder, and what a method adds to it as it begins.
   *
   * @param seed decides where an adapter begins
   * @throws InvalidModelException when the folder is not a LLaDA model, or the method does not fit
   *     it
   */
  public static TrainableModel load(Path folder, Compute compute, Method method, long seed)
      throws InvalidModelException {
    ModelConfig config = ModelConfig.load(folder);
    Adapter adapter = Adapter.of(config, method);
    return new TrainableModel(
        config,
        compute,
        method,
        adapter,
        Origin.folder(folder, adapter != null),
        TrainableTensors.First.drawn(seed));
  }

  /**
   * A model folder with an adapter on it, which goes on learning.
   *
   * @throws InvalidModelException when the adapter is not one for this folder
   */
  public static TrainableModel load(Path folder, Compute compute, AdapterFolder adapter)
      throws InvalidModelException {
    ModelConfig config = ModelConfig.load(folder);
    Origin origin = Origin.folder(folder, true);
    Adapter checked = adapter.on(config, Objects.requireNonNull(origin.identity()));
    return new TrainableModel(
        config,
        compute,
        adapter.method(),
        checked,
        origin,
        TrainableTensors.First.stored(adapter.tensors()));
  }

  /**
   * A model folder of which nothing learns: a reference, in the compute type.
   *
   * @throws InvalidModelException when the folder is not a LLaDA model
   */
  public static TrainableModel frozen(Path folder, Compute compute) throws InvalidModelException {
    return new TrainableModel(
        ModelConfig.load(folder),
        compute,
        new Method.Full(),
        new Adapter.Nothing(),
        Origin.folder(folder, false),
        TrainableTensors.First.drawn(0));
  }

  /**
   * A model as a run left it.
   *
   * @param folder the model that the run started from; for a method that trains all weights only
   *     its shape is read
   * @throws InvalidModelException when a tensor is missing or has another size, or when the state
   *     was made by another method or on another base
   */
  public static TrainableModel resume(
      Path folder, Compute compute, Method method, TrainingState state)
      throws InvalidModelException {
    state.requireMethod(method);
    ModelConfig config = ModelConfig.load(folder);
    Adapter adapter = Adapter.of(config, method);
    Origin origin = adapter == null ? Origin.stored(state.tensors()) : Origin.folder(folder, true);
    if (origin.identity() != null) {
      state.requireBase(origin.identity());
    }
    return new TrainableModel(
        config, compute, method, adapter, origin, TrainableTensors.First.stored(state.tensors()));
  }

  /**
   * Weights read earlier, for example from a {@link TrainingState}; all of them learn.
   *
   * @throws InvalidModelException when one is missing or has another size
   */
  public static TrainableModel of(
      ModelConfig config, Compute compute, Map<String, StoredTensor> weights)
      throws InvalidModelException {
    return new TrainableModel(
        config,
        compute,
        new Method.Full(),
        null,
        Origin.stored(weights),
        TrainableTensors.First.stored(weights));
  }

  /**
   * From now on a pass with gradients keeps the activations of one layer at a time and computes the
   * others again: less memory for about a third more time, and the same gradients.
   */
  public void recomputeActivations() {
    recomputing = true;
  }

  public ModelConfig config() {
    return config;
  }

  public Method method() {
    return method;
  }

  /** The base under an adapter; null where there is none or no folder holds it. */
  public @Nullable BaseIdentity base() {
    return base;
  }

  /** What learns, in a fixed order. */
  public List<TrainedTensor> trained() {
    return tensors.trained();
  }

  /** Trainable numbers. */
  public long parameterCount() {
    return trained().stream().mapToLong(TrainedTensor::size).sum();
  }

  /**
   * Adds the gradients of a batch's loss to those that are there.
   *
   * @return the loss, which may be infinite or not a number: the caller judges it before {@link
   *     AdamW#step}
   * @throws IllegalStateException when the method has dropout, which needs a draw
   */
  public LossValue lossAndGradients(MaskedBatch batch) {
    if (dropout() > 0) {
      throw new IllegalStateException("dropout needs a draw for every batch");
    }
    return loss(batch, true, AdapterText.control(true, -1));
  }

  /**
   * {@link #lossAndGradients(MaskedBatch)} with dropout where the method has it.
   *
   * @param draw from the run's stream: what is dropped depends on it alone
   */
  public LossValue lossAndGradients(MaskedBatch batch, long draw) {
    return loss(batch, true, AdapterText.control(true, dropoutSeed(draw)));
  }

  /** Seeds stay positive, also after a small number is added. */
  private static final long SEED_BITS = Long.MAX_VALUE >>> 1;

  private long dropoutSeed(long draw) {
    return dropout() > 0 ? draw & SEED_BITS : -1;
  }

  private double dropout() {
    return adapter instanceof Adapter.LowRank lowRank ? lowRank.method().dropout() : 0;
  }

  /** The loss alone, without dropout. */
  public LossValue loss(MaskedBatch batch) {
    return loss(batch, false, AdapterText.control(true, -1));
  }

  /** The parts of the loss slot by slot, without dropout and without weights. */
  public SlotScores scores(MaskedBatch batch) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray control = scope.create(AdapterText.control(true, -1));
      return pass().scores(scope, withPrompt(batch, true), control);
    }
  }

  /**
   * {@link #loss} of the frozen base alone.
   *
   * @throws IllegalStateException when all weights learn: then there is no base any more
   */
  public LossValue baseLoss(MaskedBatch batch) {
    if (adapter == null) {
      throw new IllegalStateException("a model whose weights all learn keeps no base");
    }
    return loss(batch, false, AdapterText.control(false, -1));
  }

  /** The loss that {@link #lossAndGradients(MaskedBatch, long)} has for the same draw. */
  LossValue lossWithDropout(MaskedBatch batch, long draw) {
    return loss(batch, false, AdapterText.control(true, dropoutSeed(draw)));
  }

  private LossValue loss(MaskedBatch given, boolean withGradients, long[] control) {
    MaskedBatch batch = withPrompt(given, control[0] > 0);
    try (NDManager scope = manager.newSubManager()) {
      NDArray controls = scope.create(control);
      return withGradients
          ? pass().lossAndGradients(scope, batch, controls)
          : pass().loss(scope, batch, controls);
    }
  }

  private LossPass pass() {
    return new LossPass(
        module, tensors.given(), config, adapter == null, cosines, sines, layerWise());
  }

  /** Null where everything is kept: all weights learn, so their inputs are needed anyway. */
  private @Nullable LayerWise layerWise() {
    boolean embeddingLearns = adapter == null || adapter instanceof Adapter.SoftPrompt;
    if (recomputing) {
      return new Recomputation(module, tensors.given(), config.layers(), embeddingLearns);
    }
    return adapter == null
        ? null
        : new FrozenLayers(
            module, tensors.given(), config.layers(), adapter.firstLayer(), embeddingLearns);
  }

  private MaskedBatch withPrompt(MaskedBatch batch, boolean adapterOn) {
    if (!(adapter instanceof Adapter.SoftPrompt prompt) || !adapterOn) {
      return batch;
    }
    if (batch.length() + prompt.virtualTokens() > config.contextLength()) {
      throw new IllegalArgumentException(
          "rows of "
              + batch.length()
              + " tokens and "
              + prompt.virtualTokens()
              + " virtual tokens exceed the context of "
              + config.contextLength()
              + "; shorter rows are needed");
    }
    return batch.behind(prompt.virtualTokens(), config.embeddingSize());
  }

  /** The Euclidean norm of the gradient of each tensor that learns, by its name. */
  public Map<String, Double> gradientNorms() {
    Map<String, Double> norms = new LinkedHashMap<>();
    for (TrainedTensor tensor : trained()) {
      double sum = 0;
      for (float g : tensor.gradient()) {
        sum += (double) g * g;
      }
      norms.put(tensor.name(), Math.sqrt(sum));
    }
    return norms;
  }

  /** The gradient of a tensor that learns; zeros before the first batch. */
  public float[] gradient(String name) {
    return require(name).gradient();
  }

  /** A copy of the values of a tensor that learns. */
  public float[] values(String name) {
    return require(name).values();
  }

  /** Whether all that learns consists of finite numbers. */
  public boolean isFinite() {
    for (TrainedTensor tensor : trained()) {
      for (float value : tensor.values()) {
        if (!Float.isFinite(value)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * Writes the weights under their names as one safetensors file, F32 or BF16. Low-rank adapters
   * are merged into their matrices.
   *
   * @throws IllegalStateException for prompt tuning, which no weight can hold
   */
  public void write(Path file, ElementType type) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    tensors.addMerged(writer, type);
    writer.write(file);
  }

  /**
   * Writes what learns as an adapter's folder in PEFT's format, for the base that it was trained
   * on.
   *
   * @param baseName what to call the base for people and for PEFT
   * @throws IllegalStateException when all weights learn, or the base came from no folder
   */
  public void writeAdapter(Path folder, String baseName) throws IOException {
    if (adapter == null || base == null) {
      throw new IllegalStateException("there is no adapter on a stored base");
    }
    AdapterFolder.write(folder, config, adapter, trained(), base, baseName);
  }

  private TrainedTensor require(String name) {
    return trained().stream()
        .filter(tensor -> tensor.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no tensor " + name + " learns"));
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
