package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.List;

/** Loss and gradients with the body layer by layer, so that less of it has to be kept. */
sealed interface LayerWise permits Recomputation, FrozenLayers {

  /** What is done with the rows that predict slots: their loss, and its gradients in them. */
  @FunctionalInterface
  interface Head {
    LossValue lossAndGradients(NDArray rows);
  }

  /**
   * Adds the gradients to those that are there. The same operations on the same numbers as the pass
   * in one piece.
   *
   * @param scope gets what lives until the end of the pass
   * @param rows those of the last layer that predict slots
   * @param constants what every layer is given behind its place: positions, runs, cosines, sines,
   *     control
   */
  LossValue lossAndGradients(
      NDManager scope, NDArray ids, NDArray rows, NDArray[] constants, Head head);

  /** The same numbers as a place where gradients are asked for. */
  static NDArray learning(NDArray input) {
    input.setRequiresGradient(true);
    return input;
  }

  /** The gradient of an input that is not needed any more. */
  static NDArray takeGradient(NDArray input) {
    try (input) {
      return input.getGradient();
    }
  }

  /** What the loss of the picked rows is, and its gradient is then in {@code last}. */
  static LossValue pick(
      TorchScriptModule module,
      List<NDArray> weights,
      NDManager scope,
      NDArray last,
      NDArray rows,
      Head head) {
    NDArray picked = module.callRecorded(scope, "pick", weights, last, rows).get(0);
    NDArray leaf = LossPass.leaf(picked);
    LossValue value = head.lossAndGradients(leaf);
    try (NDArray ofRows = takeGradient(leaf)) {
      LossPass.backward(picked, ofRows);
    }
    return value;
  }
}
