package dev.unmask.model.torch;

import java.util.ArrayList;
import java.util.List;

/**
 * What of CUDA is here: both halves must be, a libtorch that was built with it and a driver that
 * shows a device.
 *
 * @param libtorch the loaded library, such as {@code libtorch 2.7.1}
 * @param libraryHasCuda whether CUDA is among its features
 * @param driver what the driver said in a few words, such as {@code CUDA 12.8} or why it said
 *     nothing
 * @param devices in the order of their numbers
 */
public record DevicesFound(
    String libtorch, boolean libraryHasCuda, String driver, List<CudaDevice> devices) {

  /**
   * A device by its driver.
   *
   * @param major and {@code minor}: its compute capability
   * @param totalBytes of its memory
   */
  public record CudaDevice(String name, int major, int minor, long totalBytes) {

    /** Whether it multiplies bfloat16, which began with 8.0. */
    public boolean computesBfloat16() {
      return major >= 8;
    }

    /** As {@code 9.0}. */
    public String capability() {
      return major + "." + minor;
    }
  }

  /** Copies the list. */
  public DevicesFound {
    devices = List.copyOf(devices);
  }

  /** Of this process. */
  public static DevicesFound here() {
    CudaDriver.Answer answer = CudaDriver.ask();
    return new DevicesFound(
        "libtorch " + TorchRuntime.version(),
        TorchRuntime.features().contains("CUDA"),
        answer.driver(),
        answer.devices());
  }

  /** Whether a computation on the first device can be tried. */
  public boolean usable() {
    return libraryHasCuda && !devices.isEmpty();
  }

  /**
   * Why {@code cuda:asked} is not there, and what would be right; continues {@code ... was asked
   * for, but}.
   */
  String sentence(int asked) {
    List<String> reasons = new ArrayList<>();
    if (!libraryHasCuda) {
      reasons.add(libtorch + " is a build for processors (CUDA is not among its features)");
    }
    if (devices.isEmpty()) {
      reasons.add("the driver shows no CUDA device (" + driver + ")");
    } else {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < devices.size(); i++) {
        names.add("cuda:" + i + " " + devices.get(i).name());
      }
      reasons.add("the driver shows " + String.join(", ", names));
    }
    String right =
        !libraryHasCuda
            ? "take cpu, or load a libtorch for CUDA as docs/gpu.md says"
            : devices.isEmpty()
                ? "take cpu, or look why the driver shows none (CUDA_VISIBLE_DEVICES hides some)"
                : asked >= devices.size() ? "take cpu or one of these" : "take cpu";
    return String.join(", and ", reasons) + "; " + right;
  }
}
