package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;

/**
 * A look at the native library before a service says that it is ready: a mismatched library must
 * fail at the start and not in a request. Takes well under a second after the library is loaded.
 */
public final class SelfCheck {

  /** The JNI layer is built against this one; another minor version may miss a symbol. */
  static final String LIBTORCH = "2.7.1";

  private static final double TOLERANCE = 1e-5;

  private static final String TEXT =
      """
        def there_and_back(self: __torch__.M, x: Tensor, through: int) -> Tensor:
          return torch.to(torch.to(x, through), 6)
        def fused(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
          return torch.scaled_dot_product_attention(q, k, v)
        def composed(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
          s = torch.mul(torch.matmul(q, torch.transpose(k, -2, -1)), scale)
          return torch.matmul(torch.softmax(s, -1), v)
        def half_fused(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
          return torch.to(torch.scaled_dot_product_attention(torch.to(q, 15), torch.to(k, 15), torch.to(v, 15)), 6)
      """;

  private SelfCheck() {}

  /**
   * Checks version, bfloat16 and attention.
   *
   * @return a line for the log
   * @throws UnusableLibraryException saying what does not hold
   */
  public static String run() {
    String version = TorchRuntime.version();
    checkVersion(version);
    try (TorchScriptModule module = TorchScriptModule.compile(TEXT);
        NDManager manager = TorchRuntime.newManager()) {
      checkBfloat16(module, manager);
      double error = checkAttention(module, manager);
      return "libtorch="
          + version
          + " intra_op_threads="
          + TorchRuntime.intraOpThreads()
          + " attention_error="
          + error;
    } catch (TorchScriptException e) {
      throw new UnusableLibraryException(
          "libtorch " + version + " does not run this build's TorchScript: " + e.getMessage(), e);
    }
  }

  static void checkVersion(String version) {
    // Builds carry suffixes such as +cpu.
    if (!version.equals(LIBTORCH) && !version.startsWith(LIBTORCH + "+")) {
      throw new UnusableLibraryException(
          "libtorch is version " + version + "; this build needs " + LIBTORCH);
    }
  }

  private static void checkBfloat16(TorchScriptModule module, NDManager manager) {
    float[] values = {0, 1, -2.5f, 3.140625f, 1e30f, 1 + 0x1p-9f};
    float[] rounded = {0, 1, -2.5f, 3.140625f, Float.intBitsToFloat(0x714a0000), 1};
    NDArray back =
        module.callOne(
            manager, "there_and_back", Argument.of(manager.create(values)), Argument.of(15L));
    float[] got = back.toFloatArray();
    for (int i = 0; i < values.length; i++) {
      if (got[i] != rounded[i]) {
        throw new UnusableLibraryException(
            "bfloat16 turns " + values[i] + " into " + got[i] + " instead of " + rounded[i]);
      }
    }
  }

  private static double checkAttention(TorchScriptModule module, NDManager manager) {
    Random random = new Random(7);
    int heads = 3;
    int length = 37;
    int width = 32;
    List<Argument> qkv =
        List.of(
            normal(manager, random, heads, length, width),
            normal(manager, random, heads, length, width),
            normal(manager, random, heads, length, width));
    float[] composed =
        module
            .callOne(
                manager,
                "composed",
                qkv.get(0),
                qkv.get(1),
                qkv.get(2),
                Argument.of(1 / Math.sqrt(width)))
            .toFloatArray();
    double error = difference(composed, module, manager, "fused", qkv);
    if (!(error <= TOLERANCE)) {
      throw new UnusableLibraryException(
          "fused attention differs from composed attention by " + error + " in float32");
    }
    double half = difference(composed, module, manager, "half_fused", qkv);
    if (!(half <= 0.05)) {
      throw new UnusableLibraryException(
          "fused attention differs from composed attention by " + half + " in bfloat16");
    }
    return error;
  }

  private static double difference(
      float[] expected,
      TorchScriptModule module,
      NDManager manager,
      String method,
      List<Argument> qkv) {
    float[] got =
        module.callOne(manager, method, qkv.get(0), qkv.get(1), qkv.get(2)).toFloatArray();
    double most = 0;
    for (int i = 0; i < got.length; i++) {
      most = Math.max(most, Math.abs((double) got[i] - expected[i]));
    }
    return most;
  }

  private static Argument normal(
      NDManager manager, Random random, int heads, int length, int width) {
    float[] values = new float[heads * length * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Argument.of(manager.create(values, new Shape(1, heads, length, width)));
  }
}
