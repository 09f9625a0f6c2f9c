package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model in training: all that the loss text is given, and those among them that
 * learn. Without an adapter these are the same; with one the base is frozen.
 */
final class TrainableTensors {

  /** Values of weight {@code index} of the table. Asked again when the weights are written. */
  @FunctionalInterface
  interface Base {
    float[] of(int index, Weight weight) throws InvalidModelException;
  }

  /** First values of tensor {@code index} of an adapter. */
  @FunctionalInterface
  interface First {
    float[] of(Adapter adapter, int index, Adapter.Embeddings embeddings)
        throws InvalidModelException;

    /** A new adapter. */
    static First drawn(long seed) {
      return (adapter, index, embeddings) -> adapter.initial(index, seed, embeddings);
    }

    /** An adapter that was written. */
    static First stored(Map<String, StoredTensor> tensors) {
      return (adapter, index, embeddings) -> {
        Adapter.Tensor tensor = adapter.tensors().get(index);
        return TrainingState.values(tensors, tensor.name(), tensor.shape());
      };
    }
  }

  private final List<Weight> table;
  private final @Nullable Adapter adapter;
  private final Base base;
  private final List<NDArray> given = new ArrayList<>();
  private final List<TrainedTensor> trained = new ArrayList<>();

  TrainableTensors(
      NDManager manager,
      TorchScriptModule module,
      ModelConfig config,
      @Nullable Adapter adapter,
      Base base,
      First first)
      throws InvalidModelException {
    this.table = WeightTable.of(config);
    this.adapter = adapter;
    this.base = base;
    for (int i = 0; i < table.size(); i++) {
      Weight weight = table.get(i);
      NDArray array = manager.create(base.of(i, weight), new Shape(weight.dimensions()));
      if (adapter == null) {
        train(weight.name(), weight.shape(), array);
      } else {
        given.add(frozen(manager, module, array));
      }
    }
    if (adapter != null) {
      for (int i = 0; i < adapter.tensors().size(); i++) {
        Adapter.Tensor tensor = adapter.tensors().get(i);
        float[] values = first.of(adapter, i, () -> base.of(0, table.get(0)));
        long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
        train(tensor.name(), tensor.shape(), manager.create(values, new Shape(shape)));
      }
    }
  }

  private void train(String name, List<Long> shape, NDArray array) {
    array.setRequiresGradient(true);
    given.add(array);
    trained.add(new TrainedTensor(name, shape, array));
  }

  /** In the compute type: what is never updated needs no float32 master. */
  private static NDArray frozen(NDManager manager, TorchScriptModule module, NDArray array) {
    // Recorded with recording off, because a result of inference mode cannot enter the loss.
    TorchRuntime.recordGradients(false);
    NDArray cast = module.callRecorded(manager, "cast_all", List.of(array)).get(0);
    if (cast.getDataType() == array.getDataType()) {
      // Nothing was cast, so both are one memory, and that is a Java buffer which only the first
      // array keeps from the garbage collector.
      cast.close();
      return array;
    }
    array.close();
    return cast;
  }

  /** Every tensor in the order of the text: the table's, then the adapter's. */
  List<NDArray> given() {
    return given;
  }

  List<TrainedTensor> trained() {
    return trained;
  }

  /** Plans the table's weights with the adapter in them. */
  void addMerged(SafetensorsWriter writer, ElementType type) {
    if (adapter instanceof Adapter.SoftPrompt) {
      throw new IllegalStateException("virtual tokens cannot be merged into weights");
    }
    for (int i = 0; i < table.size(); i++) {
      int index = i;
      Weight weight = table.get(i);
      writer.add(weight.name(), type, weight.dimensions(), () -> merged(index, weight));
    }
  }

  private float[] merged(int index, Weight weight) {
    if (adapter == null) {
      return trained.get(index).values();
    }
    float[] values;
    try {
      values = base.of(index, weight);
    } catch (InvalidModelException e) {
      throw new IllegalStateException("the base was read before", e);
    }
    if (adapter instanceof Adapter.LowRank lowRank) {
      int target = lowRank.targets().indexOf(weight);
      if (target >= 0) {
        LowRankProduct.add(
            values,
            trained.get(2 * target).values(),
            trained.get(2 * target + 1).values(),
            lowRank.method().rank(),
            lowRank.method().scale());
      }
    }
    return values;
  }
}
