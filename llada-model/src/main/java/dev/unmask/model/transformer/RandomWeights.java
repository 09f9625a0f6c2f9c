package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws a model's weights on the device that they are for, in the compute type, one tensor after
 * the other: no file, and nothing of them on the host.
 */
final class RandomWeights {

  private static final String TEXT =
      """
        def ones(self: __torch__.M, shape: List[int]) -> Tensor:
          return torch.ones(shape, dtype=$DTYPE, device=torch.device("$DEVICE"))
        def normal(self: __torch__.M, shape: List[int], deviation: float) -> Tensor:
          return torch.normal_(torch.empty(shape, dtype=$DTYPE, device=torch.device("$DEVICE")), 0., deviation)
      """;

  private static final double BIAS_DEVIATION = 0.1;

  private RandomWeights() {}

  static String text(Compute type, Device device) {
    return TEXT.replace("$DTYPE", String.valueOf(type.code())).replace("$DEVICE", device.label());
  }

  /** All weights in the order of {@link WeightTable}; {@code owner} gets them. */
  static List<NDArray> draw(
      NDManager owner, ModelConfig config, Compute type, Device device, long seed) {
    List<NDArray> weights = new ArrayList<>();
    try (TorchScriptModule module = TorchScriptModule.compile(text(type, device))) {
      TorchRuntime.seed(seed);
      for (WeightTable.Weight weight : WeightTable.of(config)) {
        long[] shape = weight.dimensions();
        double deviation =
            weight.role().isBias()
                ? BIAS_DEVIATION
                : 1 / Math.sqrt((double) shape[shape.length - 1]);
        weights.add(
            weight.isNorm()
                ? module.callOne(owner, "ones", Argument.ofInts(shape))
                : module.callOne(owner, "normal", Argument.ofInts(shape), Argument.of(deviation)));
      }
    }
    return weights;
  }
}
