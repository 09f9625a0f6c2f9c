package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/**
 * The crossings between Java's memory and one device. On the processor nothing crosses and nothing
 * is copied that need not be; the same calls work there.
 *
 * <p>To a CUDA device numbers go through pinned memory of libtorch's own, without waiting: its
 * allocator keeps that memory until the copy is done. The way back waits for everything that was
 * asked before. Calls may come from several threads.
 */
public final class Transfer implements AutoCloseable {

  private static final String TEXT =
      """
        def send(self: __torch__.M, x: Tensor) -> Tuple[Tensor, Tensor]:
          y = $SENT
          return (y, torch.to(y, 4))
        def there(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.clone(torch.to(x, torch.device("$DEVICE")))
        def back(self: __torch__.M, parts: List[Tensor], dim: int) -> Tensor:
          return torch.to(torch.cat(parts, dim), torch.device("cpu"))
        def settled(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.to(torch.narrow(torch.flatten(x), 0, 0, 1), torch.device("cpu"))
      """;

  private static final String PINNED =
      "torch.to(torch.pin_memory(x), torch.device(\"$DEVICE\"), None, True)";

  private final Device device;
  private final TorchScriptModule module;

  public Transfer(Device device) {
    this.device = device;
    this.module = TorchScriptModule.shared(text(device));
  }

  static String text(Device device) {
    return TEXT.replace("$SENT", device.isCpu() ? "torch.view(x, [-1])" : PINNED)
        .replace("$DEVICE", device.label());
  }

  public Device device() {
    return device;
  }

  /** Sends what was written, in one transfer; {@code owner} gets what arrives. */
  public HostNumbers.Sent send(NDManager owner, HostNumbers numbers) {
    List<NDArray> sent = module.call(owner, "send", Argument.of(owner.create(numbers.numbers())));
    return new HostNumbers.Sent(sent.get(0), sent.get(1));
  }

  /** A copy of its own on the device, in the same type. */
  public NDArray copy(NDManager owner, NDArray tensor) {
    return module.callOne(owner, "there", Argument.of(tensor));
  }

  /** The parts behind one another along {@code dimension}, readable by Java; waits for them. */
  public NDArray back(NDManager owner, List<NDArray> parts, int dimension) {
    return module.callOne(owner, "back", Argument.of(parts), Argument.of((long) dimension));
  }

  /** Waits until {@code tensor} was computed; for measurements. */
  public void await(NDArray tensor) {
    try (NDManager passing = TorchRuntime.newManager()) {
      NDArray unused = module.callOne(passing, "settled", Argument.of(tensor));
    }
  }

  @Override
  public void close() {
    module.close();
  }
}
