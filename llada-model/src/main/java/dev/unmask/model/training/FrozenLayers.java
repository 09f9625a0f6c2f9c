package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients of what stands beside a frozen base. Frozen matrices need no inputs backward, so most
 * of what autograd keeps is kept for elementwise operations, and of that most is the MLP's: for
 * each token four numbers of its width. Here it is two, what its first two products gave; SiLU,
 * their product and what the adapter of the last matrix needs are computed again from them, which
 * costs no large product. Layers below the first one that learns keep nothing and have no backward.
 */
final class FrozenLayers implements LayerWise {

  /**
   * A layer between its two passes.
   *
   * @param front the residual and the two products of the MLP, recorded
   */
  private record Kept(NDArray input, List<NDArray> front) {}

  private final TorchScriptModule module;
  private final List<NDArray> weights;
  private final int layers;
  private final int first;
  private final boolean embeddingLearns;

  /**
   * @param weights the base's in the compute type
   * @param first the lowest layer that learns
   * @param embeddingLearns whether what {@code enter} gives has anything that learns under it
   */
  FrozenLayers(
      TorchScriptModule module,
      List<NDArray> weights,
      int layers,
      int first,
      boolean embeddingLearns) {
    this.module = module;
    this.weights = weights;
    this.layers = layers;
    this.first = first;
    this.embeddingLearns = embeddingLearns;
  }

  @Override
  public LossValue lossAndGradients(
      NDManager scope, NDArray ids, NDArray rows, NDArray[] constants, Head head) {
    NDArray control = constants[constants.length - 1];
    TorchRuntime.recordGradients(false);
    NDArray x = module.callRecorded(scope, "enter", weights, ids).get(0);
    for (int i = 0; i < first; i++) {
      try (NDArray below = x) {
        x =
            module
                .callRecorded(scope, "layer", weights, arguments(scope, below, i, constants))
                .get(0);
      }
    }
    List<Kept> kept = new ArrayList<>();
    for (int i = first; i < layers; i++) {
      Kept layer = front(scope, LayerWise.learning(x), i, constants);
      kept.add(layer);
      x = tail(scope, layer, i, control);
    }
    TorchRuntime.recordGradients(true);
    NDArray last = LayerWise.learning(x);
    LossValue value = LayerWise.pick(module, weights, scope, last, rows, head);
    NDArray gradient = LayerWise.takeGradient(last);
    for (int i = layers - 1; i >= first; i--) {
      gradient = backward(scope, kept.removeLast(), i, control, gradient);
    }
    if (embeddingLearns) {
      try (NDArray embedded = module.callRecorded(scope, "enter", weights, ids).get(0)) {
        LossPass.backward(embedded, gradient);
      }
    }
    gradient.close();
    return value;
  }

  private Kept front(NDManager scope, NDArray input, int i, NDArray[] constants) {
    TorchRuntime.recordGradients(true);
    try {
      return new Kept(
          input,
          module.callRecorded(scope, "front", weights, arguments(scope, input, i, constants)));
    } finally {
      TorchRuntime.recordGradients(false);
    }
  }

  private NDArray tail(NDManager scope, Kept layer, int i, NDArray control) {
    List<NDArray> front = layer.front();
    return module
        .callRecorded(
            scope,
            "tail",
            weights,
            front.get(0),
            front.get(1),
            front.get(2),
            place(scope, i),
            control)
        .get(0);
  }

  /** Takes the gradient of a layer's output and gives that of its input. */
  private NDArray backward(NDManager scope, Kept layer, int i, NDArray control, NDArray above) {
    try (above;
        NDManager inner = scope.newSubManager()) {
      List<NDArray> front = layer.front();
      NDArray gate = LossPass.leaf(front.get(1));
      NDArray up = LossPass.leaf(front.get(2));
      NDArray one = inner.create(1f);
      NDArray tail =
          module
              .callRecorded(inner, "tail_slope", weights, above, gate, up, place(inner, i), control)
              .get(0);
      LossPass.backward(tail, one);
      try (NDArray ofGate = LayerWise.takeGradient(gate);
          NDArray ofUp = LayerWise.takeGradient(up)) {
        NDArray whole =
            module
                .callRecorded(
                    inner,
                    "front_slope",
                    weights,
                    front.get(0),
                    front.get(1),
                    front.get(2),
                    above,
                    ofGate,
                    ofUp)
                .get(0);
        LossPass.backward(whole, one);
      }
      front.forEach(NDArray::close);
    }
    return LayerWise.takeGradient(layer.input());
  }

  private static NDArray[] arguments(NDManager scope, NDArray x, int i, NDArray[] constants) {
    NDArray[] arguments = new NDArray[constants.length + 2];
    arguments[0] = x;
    arguments[1] = place(scope, i);
    System.arraycopy(constants, 0, arguments, 2, constants.length);
    return arguments;
  }

  private static NDArray place(NDManager scope, int layer) {
    return scope.create(new long[] {layer});
  }
}
