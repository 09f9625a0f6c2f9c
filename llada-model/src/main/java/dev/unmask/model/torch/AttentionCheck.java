package dev.unmask.model.torch;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;

/** The library's fused attention against two products and a softmax, on one device. */
final class AttentionCheck {

  static final String TEXT =
      """
        def fused(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
          return torch.scaled_dot_product_attention(q, k, v)
        def composed(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
          s = torch.mul(torch.matmul(q, torch.transpose(k, -2, -1)), scale)
          return torch.matmul(torch.softmax(s, -1), v)
        def half_fused(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
          return torch.to(torch.scaled_dot_product_attention(torch.to(q, 15), torch.to(k, 15), torch.to(v, 15)), 6)
      """;

  private static final double TOLERANCE = 1e-5;
  private static final double HALF_TOLERANCE = 0.05;
  private static final int HEADS = 3;

  /** Not a multiple of anything that kernels like. */
  private static final int LENGTH = 37;

  private static final int WIDTH = 32;

  private final TorchScriptModule module;
  private final Transfer transfer;
  private final NDManager manager;
  private final List<Argument> inputs;
  private final float[] expected;

  AttentionCheck(TorchScriptModule module, Transfer transfer, NDManager manager) {
    this.module = module;
    this.transfer = transfer;
    this.manager = manager;
    Random random = new Random(7);
    this.inputs = List.of(normal(random), normal(random), normal(random));
    this.expected =
        SelfCheck.floats(
            transfer,
            manager,
            module.call(
                manager,
                "composed",
                inputs.get(0),
                inputs.get(1),
                inputs.get(2),
                Argument.of(1 / Math.sqrt(WIDTH))));
  }

  /** The difference in float32, which is small or an exception. */
  double error() {
    return difference("fused", "float32", TOLERANCE);
  }

  /** The difference in bfloat16, which is small or an exception. */
  double halfError() {
    return difference("half_fused", "bfloat16", HALF_TOLERANCE);
  }

  private double difference(String method, String type, double tolerance) {
    float[] got =
        SelfCheck.floats(
            transfer,
            manager,
            module.call(manager, method, inputs.get(0), inputs.get(1), inputs.get(2)));
    double most = 0;
    for (int i = 0; i < got.length; i++) {
      double difference = Math.abs((double) got[i] - expected[i]);
      // A NaN must not get lost in a maximum.
      most = difference <= most ? most : difference;
    }
    if (!(most <= tolerance)) {
      throw new UnusableLibraryException(
          "fused attention differs from composed attention by " + most + " in " + type);
    }
    return most;
  }

  private Argument normal(Random random) {
    float[] values = new float[HEADS * LENGTH * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    Shape shape = new Shape(1, HEADS, LENGTH, WIDTH);
    return Argument.of(transfer.copy(manager, manager.create(values, shape)));
  }
}
