package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * The exponential moving average of what learns, float32: {@code a += (1 - d) (w - a)} after each
 * update. So that a short run is not averaged with its beginning, d rises to the decay asked for:
 * {@code d = min(decay, (1 + n) / (10 + n))} after n updates (TensorFlow's {@code
 * ExponentialMovingAverage} with {@code num_updates}). Same thread as its model.
 */
public final class WeightAverage implements AutoCloseable {

  static final String PREFIX = "ema.";

  private static final String TEXT =
      """
        def follow(self: __torch__.M, a: List[Tensor], w: List[Tensor], share: float) -> Tensor:
          torch._foreach_lerp_(a, w, share)
          return a[0]
        def swap(self: __torch__.M, a: Tensor, w: Tensor) -> Tensor:
          t = torch.clone(a)
          b = torch.copy_(a, w)
          return torch.copy_(w, t)
      """;

  private final TrainableModel model;
  private final double decay;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module = TorchScriptModule.compile(TEXT);
  private final List<NDArray> averages = new ArrayList<>();

  private WeightAverage(TrainableModel model, double decay) {
    if (!(decay > 0 && decay < 1)) {
      throw new IllegalArgumentException("the decay is " + decay + "; it must be above 0, below 1");
    }
    this.model = model;
    this.decay = decay;
  }

  /** Begins with the weights as they are. */
  public static WeightAverage of(TrainableModel model, double decay) {
    WeightAverage average = new WeightAverage(model, decay);
    for (TrainedTensor tensor : model.trained()) {
      average.add(tensor, tensor.values());
    }
    return average;
  }

  /**
   * Goes on from a state.
   *
   * @throws InvalidModelException when the state has no average that fits
   */
  public static WeightAverage resume(TrainableModel model, double decay, TrainingState state)
      throws InvalidModelException {
    WeightAverage average = new WeightAverage(model, decay);
    try {
      for (TrainedTensor tensor : model.trained()) {
        average.add(
            tensor, TrainingState.values(state.tensors(), PREFIX + tensor.name(), tensor.shape()));
      }
      return average;
    } catch (InvalidModelException | RuntimeException e) {
      average.close();
      throw e;
    }
  }

  private void add(TrainedTensor tensor, float[] values) {
    NDArray array = manager.zeros(new Shape(tensor.dimensions()), DataType.FLOAT32);
    array.set(values);
    averages.add(array);
  }

  /**
   * Takes the weights after an update.
   *
   * @param updates made so far, this one included
   */
  public void follow(long updates) {
    double d = Math.min(decay, (1.0 + updates) / (10.0 + updates));
    try (NDManager scope = manager.newSubManager()) {
      NDArray unused =
          module.callOne(
              scope,
              "follow",
              Argument.of(averages),
              Argument.of(model.trained().stream().map(TrainedTensor::array).toList()),
              Argument.of(1 - d));
    }
  }

  /** Exchanges the average and the weights, bit for bit; a second call takes it back. */
  public void swap() {
    for (int i = 0; i < averages.size(); i++) {
      try (NDManager scope = manager.newSubManager()) {
        NDArray unused =
            module.callOne(
                scope,
                "swap",
                Argument.of(averages.get(i)),
                Argument.of(model.trained().get(i).array()));
      }
    }
  }

  void addTo(SafetensorsWriter writer) {
    for (int i = 0; i < averages.size(); i++) {
      TrainedTensor tensor = model.trained().get(i);
      NDArray array = averages.get(i);
      writer.add(
          PREFIX + tensor.name(), ElementType.F32, tensor.dimensions(), () -> array.toFloatArray());
    }
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
