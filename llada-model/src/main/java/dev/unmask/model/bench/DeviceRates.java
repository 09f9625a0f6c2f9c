package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.torch.Transfer;
import dev.unmask.model.transformer.Precision;

/**
 * What a device reaches by itself, measured in the same run as what is compared with it: one large
 * product in the compute type, and one large copy. Times are on the wall, to the end of the work.
 */
final class DeviceRates implements AutoCloseable {

  /** Products of one timing, so that starting them does not count. */
  private static final int PRODUCTS = 8;

  private static final String TEXT =
      """
        def matrix(self: __torch__.M, n: int) -> Tensor:
          return torch.normal_(torch.empty([n, n], dtype=$DTYPE, device=torch.device("$DEVICE")), 0., 1.)
        def products(self: __torch__.M, a: Tensor, b: Tensor, count: int) -> Tensor:
          y = a
          for i in range(count):
            y = torch.matmul(a, b)
          return y
        def copied(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.clone(x)
      """;

  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module;
  private final Transfer transfer;
  private final NDArray a;
  private final NDArray b;
  private final int side;
  private final int bytes;
  private double productSeconds = Double.POSITIVE_INFINITY;
  private double copySeconds = Double.POSITIVE_INFINITY;

  /** Matrices as large as a device needs to be busy; smaller ones for a processor. */
  DeviceRates(Device device, Precision precision) {
    this.side = device.isCpu() ? 1024 : 8192;
    this.bytes = precision == Precision.BF16 ? 2 : Float.BYTES;
    this.module = TorchScriptModule.compile(text(device, precision));
    this.transfer = new Transfer(device);
    this.a = matrix();
    this.b = matrix();
    round();
    productSeconds = Double.POSITIVE_INFINITY;
    copySeconds = Double.POSITIVE_INFINITY;
  }

  static String text(Device device, Precision precision) {
    return TEXT.replace("$DTYPE", precision == Precision.BF16 ? "15" : "6")
        .replace("$DEVICE", device.label());
  }

  private NDArray matrix() {
    return module.callOne(manager, "matrix", Argument.of((long) side));
  }

  /** Times both once more. */
  void round() {
    productSeconds =
        Math.min(
            productSeconds,
            seconds("products", Argument.of(a), Argument.of(b), Argument.of((long) PRODUCTS)));
    copySeconds = Math.min(copySeconds, seconds("copied", Argument.of(a)));
  }

  private double seconds(String method, Argument... arguments) {
    transfer.await(a);
    long start = System.nanoTime();
    try (NDManager passing = manager.newSubManager()) {
      transfer.await(module.callOne(passing, method, arguments));
    }
    return (System.nanoTime() - start) / 1e9;
  }

  /** Operations a second of the best product. */
  double flops() {
    return 2.0 * PRODUCTS * side * side * side / productSeconds;
  }

  /** Bytes a second of the best copy, read and written. */
  double bandwidth() {
    return 2.0 * side * side * bytes / copySeconds;
  }

  @Override
  public void close() {
    module.close();
    transfer.close();
    manager.close();
  }
}
