package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients with the activations of one layer at a time (Chen et al., arXiv 1604.06174, with a
 * checkpoint at each layer). Forward, only each layer's input is kept. Backward, a layer is
 * computed again from its input, this time recorded, and hands the gradient of its input down. The
 * price is one forward pass more.
 */
final class Recomputation implements LayerWise {

  private final TorchScriptModule module;
  private final List<NDArray> weights;
  private final int layers;
  private final boolean embeddingLearns;

  /**
   * @param embeddingLearns whether what {@code enter} gives has anything that learns under it
   */
  Recomputation(
      TorchScriptModule module, List<NDArray> weights, int layers, boolean embeddingLearns) {
    this.module = module;
    this.weights = weights;
    this.layers = layers;
    this.embeddingLearns = embeddingLearns;
  }

  @Override
  public LossValue lossAndGradients(
      NDManager scope, NDArray ids, NDArray rows, NDArray[] constants, Head head) {
    List<NDArray> inputs = new ArrayList<>();
    TorchRuntime.recordGradients(false);
    inputs.add(module.callRecorded(scope, "enter", weights, ids).get(0));
    for (int i = 0; i < layers; i++) {
      inputs.add(layer(scope, inputs.get(i), i, constants));
    }
    TorchRuntime.recordGradients(true);
    NDArray last = LayerWise.learning(inputs.get(layers));
    LossValue value = LayerWise.pick(module, weights, scope, last, rows, head);
    NDArray gradient = LayerWise.takeGradient(last);
    for (int i = layers - 1; i >= 0; i--) {
      NDArray input = LayerWise.learning(inputs.get(i));
      try (NDArray output = layer(scope, input, i, constants);
          NDArray above = gradient) {
        LossPass.backward(output, above);
      }
      gradient = LayerWise.takeGradient(input);
    }
    if (embeddingLearns) {
      try (NDArray embedded = module.callRecorded(scope, "enter", weights, ids).get(0)) {
        LossPass.backward(embedded, gradient);
      }
    }
    gradient.close();
    return value;
  }

  private NDArray layer(NDManager scope, NDArray input, int i, NDArray[] constants) {
    try (NDArray place = scope.create(new long[] {i})) {
      NDArray[] arguments = new NDArray[constants.length + 2];
      arguments[0] = input;
      arguments[1] = place;
      System.arraycopy(constants, 0, arguments, 2, constants.length);
      return module.callRecorded(scope, "layer", weights, arguments).get(0);
    }
  }
}
