package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.DevicesFound;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelsTest {

  @Test
  void aCopyMayTakeAQuarterOfTheMemory() {
    assertThat(Kernels.suited(4, 16, true)).isEqualTo(Kernels.PREPACKED);
    assertThat(Kernels.suited(5, 16, true)).isEqualTo(Kernels.PLAIN);
  }

  @Test
  void withoutOneDnnThereIsNothingToPackFor() {
    assertThat(Kernels.suited(1, 16, false)).isEqualTo(Kernels.PLAIN);
  }

  @Test
  void matricesOfBlocksAreCountedAndNothingElse() {
    // q 64x64, k and v 32x64, o 64x64, gate, up and down 128x64, in two blocks.
    assertThat(Kernels.matrixNumbers(ForwardPropertiesTest.SHAPE))
        .isEqualTo(2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64));
  }

  @Test
  void labelsAreRead() {
    for (Kernels kernels : Kernels.values()) {
      assertThat(Kernels.parse(kernels.label())).isEqualTo(kernels);
    }
    assertThatThrownBy(() -> Kernels.parse("fast"))
        .hasMessage("the kernels are fast; they must be plain, prepacked or staged");
  }

  @Test
  void aDeviceRunsStagedKernelsOnly() {
    Device device = new Device.Cuda(0);

    assertThat(Kernels.suited(ForwardPropertiesTest.SHAPE, Precision.BF16, device))
        .isEqualTo(Kernels.STAGED);
    assertThatThrownBy(() -> Kernels.PREPACKED.require(Precision.BF16, device))
        .hasMessageContaining("prepacked kernels are for the processor, not for cuda:0")
        .hasMessageContaining("there they must be staged");
    assertThatThrownBy(() -> Kernels.STAGED.require(Precision.INT8, device))
        .hasMessage("int8 has no staged kernels; they must be prepacked");
    assertThatThrownBy(() -> Kernels.PREPACKED.require(Precision.INT8, device))
        .hasMessageContaining("they must be staged, in bf16 or f32");
  }

  @Test
  void aDeviceComputesInBfloat16WhereItCan() {
    List<DevicesFound.CudaDevice> devices =
        List.of(
            new DevicesFound.CudaDevice("Large", 9, 0, 1),
            new DevicesFound.CudaDevice("Small", 7, 5, 1));

    assertThat(Precision.AUTO.resolved(devices, new Device.Cuda(0))).isEqualTo(Precision.BF16);
    assertThat(Precision.AUTO.resolved(devices, new Device.Cuda(1))).isEqualTo(Precision.F32);
    assertThat(Precision.F32.resolved(devices, new Device.Cuda(0))).isEqualTo(Precision.F32);
    assertThat(Precision.AUTO.resolved(Device.cpu())).isEqualTo(Precision.AUTO.resolved());
  }
}
