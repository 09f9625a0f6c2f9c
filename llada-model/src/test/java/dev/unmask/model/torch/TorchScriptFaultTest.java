package dev.unmask.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.torch.TorchScriptException.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a failed call is taken for, by the library's own words. */
final class TorchScriptFaultTest {

  private static final String TEXT =
      """
        def room(self: __torch__.M, bytes: int) -> Tensor:
          return torch.empty([bytes], dtype=0, device=torch.device("cpu"))
        def pinned(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.to(torch.pin_memory(x), torch.device("cuda:0"), None, True)
        def sum(self: __torch__.M, a: Tensor, b: Tensor) -> Tensor:
          return torch.add(a, b)
      """;

  /** More than any machine's address space, so that the allocator itself refuses. */
  @Test
  void anAllocationThatFailsIsToldApart() {
    try (TorchScriptModule module = TorchScriptModule.compile(TEXT);
        NDManager manager = TorchRuntime.newManager()) {
      assertThat(fault(module, manager, "room", Argument.of(1L << 60)))
          .isEqualTo(Fault.OUT_OF_MEMORY);
      NDArray three = manager.create(new float[3]);
      NDArray two = manager.create(new float[2]);
      assertThat(fault(module, manager, "sum", Argument.of(three), Argument.of(two)))
          .isEqualTo(Fault.CALL);
    }
  }

  /** Without CUDA there is no pinned memory either; the processor's way must not ask for it. */
  @Test
  void theProcessorsTransferPinsNothing() {
    assertThat(Transfer.text(Device.cpu())).doesNotContain("pin_memory", "cuda");
    assertThat(Transfer.text(new Device.Cuda(3)))
        .contains("torch.to(torch.pin_memory(x), torch.device(\"cuda:3\"), None, True)");
  }

  /** CUDA's own words, as its libraries print them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity | OUT_OF_MEMORY
          CUDA error: out of memory                                                  | OUT_OF_MEMORY
          CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)   | OUT_OF_MEMORY
          CUDA error: an illegal memory access was encountered                      | DEVICE_LOST
          CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublasGemmEx      | DEVICE_LOST
          CUDA error: device-side assert triggered                                  | DEVICE_LOST
          The size of tensor a (3) must match the size of tensor b (2)              | CALL
          """)
  void cudasWordsAreKnown(String words, Fault fault) {
    assertThat(new TorchScriptException("it failed: " + words, new RuntimeException()).fault())
        .isEqualTo(fault);
  }

  private static Fault fault(
      TorchScriptModule module, NDManager manager, String method, Argument... arguments) {
    TorchScriptException failure =
        catchThrowableOfType(
            TorchScriptException.class, () -> module.callOne(manager, method, arguments));
    return failure.fault();
  }
}
