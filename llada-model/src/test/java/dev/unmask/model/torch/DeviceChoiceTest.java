package dev.unmask.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.torch.DevicesFound.CudaDevice;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DeviceChoiceTest {

  private static final CudaDevice LARGE = new CudaDevice("Large", 9, 0, 140L << 30);
  private static final CudaDevice SMALL = new CudaDevice("Small", 7, 5, 16L << 30);

  @ParameterizedTest
  @CsvSource({"auto, auto", "cpu, cpu", "cuda, cuda:0", "CUDA:1, cuda:1", "' cuda:12 ', cuda:12"})
  void isReadAsItIsWritten(String text, String label) {
    assertThat(DeviceChoice.parse(text).label()).isEqualTo(label);
    assertThat(DeviceChoice.parse(label)).isEqualTo(DeviceChoice.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1234", "cpu:0"})
  void anythingElseIsRefusedInASentence(String text) {
    assertThatThrownBy(() -> DeviceChoice.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the device is " + text + "; it must be auto, cpu, cuda or cuda:N");
  }

  @Test
  void autoNeedsBothALibraryAndADevice() {
    assertThat(new DeviceChoice.Auto().resolve(found(true, LARGE))).isEqualTo(new Device.Cuda(0));
    assertThat(new DeviceChoice.Auto().resolve(found(false, LARGE))).isEqualTo(Device.cpu());
    assertThat(new DeviceChoice.Auto().resolve(found(true))).isEqualTo(Device.cpu());
    assertThat(new DeviceChoice.OnlyCpu().resolve(found(true, LARGE))).isEqualTo(Device.cpu());
  }

  @Test
  void aDeviceThatIsThereIsTaken() {
    assertThat(DeviceChoice.parse("cuda:1").resolve(found(true, LARGE, SMALL)))
        .isEqualTo(new Device.Cuda(1));
  }

  @Test
  void whatIsNotThereIsRefusedWithWhatWasFound() {
    assertRefused("cuda", found(false))
        .contains("cuda:0 was asked for", "libtorch 2.7.1 is a build for processors")
        .contains("the driver shows no CUDA device (libcuda.so.1 is not here)")
        .contains("take cpu, or load a libtorch for CUDA as docs/gpu.md says");
    assertRefused("cuda", found(false, LARGE))
        .contains("a build for processors", "the driver shows cuda:0 Large")
        .contains("load a libtorch for CUDA");
    assertRefused("cuda", found(true)).contains("CUDA_VISIBLE_DEVICES hides some");
    assertRefused("cuda:2", found(true, LARGE, SMALL))
        .contains("cuda:2 was asked for, but the driver shows cuda:0 Large, cuda:1 Small")
        .contains("take cpu or one of these")
        .doesNotContain("build for processors");
  }

  /** Whatever machine this is: the answer agrees with itself, and nothing is thrown. */
  @Test
  void hereIsLookedWithoutAFault() {
    DevicesFound here = DevicesFound.here();

    assertThat(here.libtorch()).startsWith("libtorch " + SelfCheck.LIBTORCH);
    assertThat(here.driver()).isNotBlank();
    assertThat(new DeviceChoice.Auto().resolve().isCpu()).isEqualTo(!here.usable());
  }

  private static org.assertj.core.api.AbstractStringAssert<?> assertRefused(
      String asked, DevicesFound found) {
    try {
      Device unexpected = DeviceChoice.parse(asked).resolve(found);
      throw new AssertionError(unexpected + " was not refused");
    } catch (UnusableLibraryException e) {
      return assertThat(e.getMessage());
    }
  }

  private static DevicesFound found(boolean library, CudaDevice... devices) {
    return new DevicesFound(
        "libtorch 2.7.1",
        library,
        devices.length == 0 ? "libcuda.so.1 is not here" : "CUDA 12.8",
        List.of(devices));
  }
}
