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
 * computed again from its input, this time recorded, and hands the gradient of its input down.
 *
 * <p>The same operations on the same numbers as the pass in one piece, one forward pass more.
 */
final class Recomputation {

  /** What is done with the rows that predict slots: their loss, and its gradients in them. */
  @FunctionalInterface
  interface Head {
    LossValue lossAndGradients(NDArray rows);
  }

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

  /**
   * Adds the gradients to those that are there.
   *
   * @param scope gets what lives until the end of the pass
   * @param rows those of the last layer that predict slots
   * @param constants what every layer is given behind its place: positions, runs, cosines, sines,
   *     control
   */
  LossValue lossAndGradients(
      NDManager scope, NDArray ids, NDArray rows, NDArray[] constants, Head head) {
    List<NDArray> inputs = new ArrayList<>();
    TorchRuntime.recordGradients(false);
    inputs.add(module.callRecorded(scope, "enter", weights, ids).get(0));
    for (int i = 0; i < layers; i++) {
      inputs.add(layer(scope, inputs.get(i), i, constants));
    }
    TorchRuntime.recordGradients(true);
    NDArray last = learning(inputs.get(layers));
    NDArray picked = module.callRecorded(scope, "pick", weights, last, rows).get(0);
    NDArray leaf = LossPass.leaf(picked);
    LossValue value = head.lossAndGradients(leaf);
    try (NDArray ofRows = takeGradient(leaf)) {
      LossPass.backward(picked, ofRows);
    }
    NDArray gradient = takeGradient(last);
    for (int i = layers - 1; i >= 0; i--) {
      NDArray input = learning(inputs.get(i));
      try (NDArray output = layer(scope, input, i, constants);
          NDArray above = gradient) {
        LossPass.backward(output, above);
      }
      gradient = takeGradient(input);
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

  private static NDArray learning(NDArray input) {
    input.setRequiresGradient(true);
    return input;
  }

  private static NDArray takeGradient(NDArray input) {
    try (input) {
      return input.getGradient();
    }
  }
}
