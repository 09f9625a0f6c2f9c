package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
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
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network that learns: float32 masters of all weights, and their gradients, which add up from
 * batch to batch until {@link AdamW} applies or clears them. One thread at a time.
 */
public final class TrainableModel implements AutoCloseable {

  private final ModelConfig config;
  private final List<Weight> table;
  private final NDManager manager;
  private final TorchScriptModule module;
  private final List<NDArray> masters;
  private final NDArray cosines;
  private final NDArray sines;

  /** Gives weight {@code index} of the table its first values. */
  @FunctionalInterface
  private interface Initial {
    float[] of(int index, Weight weight) throws InvalidModelException;
  }

  private TrainableModel(ModelConfig config, Compute compute, Initial initial)
      throws InvalidModelException {
    Stability.require(
        compute == Compute.BFLOAT16 ? Precision.BF16 : Precision.F32,
        Attention.FUSED,
        TorchRuntime.intraOpThreads(),
        Processor.here());
    this.config = config;
    this.table = WeightTable.of(config);
    this.manager = TorchRuntime.newManager();
    this.module = TorchScriptModule.compile(TrainingText.of(config, compute));
    try {
      List<NDArray> arrays = new ArrayList<>(table.size());
      for (int i = 0; i < table.size(); i++) {
        Weight weight = table.get(i);
        NDArray array = manager.create(initial.of(i, weight), new Shape(weight.dimensions()));
        array.setRequiresGradient(true);
        arrays.add(array);
      }
      this.masters = List.copyOf(arrays);
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

  /** New weights from a seed. */
  public static TrainableModel random(ModelConfig config, Compute compute, long seed) {
    try {
      return new TrainableModel(
          config, compute, (index, weight) -> InitialWeights.of(index, weight, seed));
    } catch (InvalidModelException e) {
      throw new IllegalStateException("random weights need no file", e);
    }
  }

  /**
   * The weights of a model folder, as float32.
   *
   * @throws InvalidModelException when the folder is not a LLaDA model
   */
  public static TrainableModel load(Path folder, Compute compute) throws InvalidModelException {
    SafetensorsDirectory files = SafetensorsDirectory.open(folder);
    return new TrainableModel(
        ModelConfig.load(folder),
        compute,
        (index, weight) -> files.require(weight.name(), weight.dimensions()).toFloats());
  }

  /**
   * Weights read earlier, for example from a {@link TrainingState}.
   *
   * @throws InvalidModelException when one is missing or has another size
   */
  public static TrainableModel of(
      ModelConfig config, Compute compute, Map<String, StoredTensor> weights)
      throws InvalidModelException {
    return new TrainableModel(
        config, compute, (index, weight) -> TrainingState.values(weights, weight.name(), weight));
  }

  public ModelConfig config() {
    return config;
  }

  /** Trainable numbers. */
  public long parameterCount() {
    return config.parameterCount();
  }

  /**
   * Adds the gradients of a batch's loss to those that are there.
   *
   * @return the loss, which may be infinite or not a number: the caller judges it before {@link
   *     AdamW#step}
   */
  public LossValue lossAndGradients(MaskedBatch batch) {
    return run(batch, true);
  }

  /** The loss alone. */
  public LossValue loss(MaskedBatch batch) {
    return run(batch, false);
  }

  private LossValue run(MaskedBatch batch, boolean withGradients) {
    TorchRuntime.recordGradients(withGradients);
    try (NDManager scope = manager.newSubManager()) {
      List<NDArray> result =
          module.callRecorded(
              scope,
              "loss",
              masters,
              scope.create(batch.ids(), new Shape(batch.rows(), batch.length())),
              scope.create(batch.slots()),
              scope.create(batch.targets()),
              scope.create(batch.weights()),
              cosines,
              sines);
      NDArray loss = result.get(0);
      if (withGradients) {
        // Directly, because DJL allows a single GradientCollector per JVM.
        NDArray one = scope.create(1f);
        JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
      }
      return new LossValue(loss.getFloat(), result.get(1).getFloat(), batch.slots().length);
    } finally {
      TorchRuntime.recordGradients(false);
    }
  }

  /** The Euclidean norm of each weight's gradient, by tensor name. */
  public Map<String, Double> gradientNorms() {
    Map<String, Double> norms = new LinkedHashMap<>();
    for (Weight weight : table) {
      double sum = 0;
      for (float g : gradient(weight.name())) {
        sum += (double) g * g;
      }
      norms.put(weight.name(), Math.sqrt(sum));
    }
    return norms;
  }

  /** A weight's gradient; zeros before the first batch. */
  public float[] gradient(String name) {
    NDArray master = masters.get(indexOf(name));
    if (!master.hasGradient()) {
      return new float[Math.toIntExact(master.size())];
    }
    try (NDArray gradient = master.getGradient()) {
      return gradient.toFloatArray();
    }
  }

  /** A copy of a weight's values. */
  public float[] values(String name) {
    return masters.get(indexOf(name)).toFloatArray();
  }

  /** Whether every weight is a finite number. */
  public boolean isFinite() {
    for (NDArray master : masters) {
      for (float value : master.toFloatArray()) {
        if (!Float.isFinite(value)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Writes the weights under their names as one safetensors file, F32 or BF16. */
  public void write(Path file, ElementType type) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    addTo(writer, type);
    writer.write(file);
  }

  void addTo(SafetensorsWriter writer, ElementType type) {
    for (int i = 0; i < table.size(); i++) {
      NDArray master = masters.get(i);
      writer.add(table.get(i).name(), type, table.get(i).dimensions(), () -> master.toFloatArray());
    }
  }

  List<Weight> table() {
    return table;
  }

  List<NDArray> masters() {
    return masters;
  }

  private int indexOf(String name) {
    for (int i = 0; i < table.size(); i++) {
      if (table.get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException("the model has no tensor " + name);
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
