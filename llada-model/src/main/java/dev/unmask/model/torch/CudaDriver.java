package dev.unmask.model.torch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Questions to NVIDIA's driver library, which is there wherever a device works, whatever libtorch
 * is loaded. It sees what libtorch sees, in the same order: both go by {@code
 * CUDA_VISIBLE_DEVICES}. Asking for devices makes no context and takes no device memory.
 */
final class CudaDriver {

  /** The functions used, as cuda.h declares them; all return 0 or an error's number. */
  @SuppressWarnings("MemberName")
  private interface Functions extends Library {
    int cuInit(int flags);

    int cuDriverGetVersion(IntByReference version);

    int cuDeviceGetCount(IntByReference count);

    int cuDeviceGet(IntByReference device, int ordinal);

    int cuDeviceGetName(byte[] name, int length, int device);

    int cuDeviceTotalMem_v2(LongByReference bytes, int device);

    int cuDeviceGetAttribute(IntByReference value, int attribute, int device);

    int cuDevicePrimaryCtxRetain(PointerByReference context, int device);

    int cuDevicePrimaryCtxRelease_v2(int device);

    int cuCtxPushCurrent_v2(Pointer context);

    int cuCtxPopCurrent_v2(PointerByReference context);

    int cuMemGetInfo_v2(LongByReference free, LongByReference total);
  }

  private static final String LIBRARY = "libcuda.so.1";
  private static final int LONGEST_NAME = 256;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;

  /**
   * What it said.
   *
   * @param driver its version, or why there is no answer
   */
  record Answer(String driver, List<DevicesFound.CudaDevice> devices) {}

  /** A call that the driver refused. */
  private static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String call, int error) {
      super(call + " gave error " + error);
    }
  }

  private CudaDriver() {}

  /** All devices; none where there is no driver. Never throws. */
  static Answer ask() {
    try {
      Functions driver = load();
      IntByReference version = new IntByReference();
      check("cuDriverGetVersion", driver.cuDriverGetVersion(version));
      IntByReference count = new IntByReference();
      check("cuDeviceGetCount", driver.cuDeviceGetCount(count));
      List<DevicesFound.CudaDevice> devices = new ArrayList<>();
      for (int i = 0; i < count.getValue(); i++) {
        devices.add(device(driver, i));
      }
      return new Answer(
          "CUDA " + version.getValue() / 1000 + "." + version.getValue() % 1000 / 10, devices);
    } catch (UnsatisfiedLinkError e) {
      return new Answer(LIBRARY + " is not here", List.of());
    } catch (RefusedException e) {
      return new Answer(String.valueOf(e.getMessage()), List.of());
    }
  }

  /**
   * Bytes that are free now for everybody on a device; takes part in the context that libtorch has
   * made there.
   *
   * @throws UnusableLibraryException when the driver does not say
   */
  static long freeBytes(int index) {
    return memory(index).free();
  }

  /** Bytes of a device that somebody has taken, this process or another one. */
  static long usedBytes(int index) {
    DeviceBytes memory = memory(index);
    return memory.total() - memory.free();
  }

  /** A device's memory. */
  private record DeviceBytes(long free, long total) {}

  private static DeviceBytes memory(int index) {
    try {
      Functions driver = load();
      int device = handle(driver, index);
      PointerByReference context = new PointerByReference();
      check("cuDevicePrimaryCtxRetain", driver.cuDevicePrimaryCtxRetain(context, device));
      try {
        check("cuCtxPushCurrent", driver.cuCtxPushCurrent_v2(context.getValue()));
        LongByReference free = new LongByReference();
        LongByReference total = new LongByReference();
        int asked = driver.cuMemGetInfo_v2(free, total);
        check("cuCtxPopCurrent", driver.cuCtxPopCurrent_v2(new PointerByReference()));
        check("cuMemGetInfo", asked);
        return new DeviceBytes(free.getValue(), total.getValue());
      } finally {
        check("cuDevicePrimaryCtxRelease", driver.cuDevicePrimaryCtxRelease_v2(device));
      }
    } catch (UnsatisfiedLinkError | RefusedException e) {
      throw new UnusableLibraryException(
          "the driver does not say how much memory is free on cuda:"
              + index
              + ": "
              + e.getMessage(),
          e);
    }
  }

  private static Functions load() throws RefusedException {
    Functions driver = Native.load(LIBRARY, Functions.class);
    check("cuInit", driver.cuInit(0));
    return driver;
  }

  private static DevicesFound.CudaDevice device(Functions driver, int index)
      throws RefusedException {
    int device = handle(driver, index);
    byte[] name = new byte[LONGEST_NAME];
    check("cuDeviceGetName", driver.cuDeviceGetName(name, name.length, device));
    LongByReference bytes = new LongByReference();
    check("cuDeviceTotalMem", driver.cuDeviceTotalMem_v2(bytes, device));
    return new DevicesFound.CudaDevice(
        text(name),
        attribute(driver, CAPABILITY_MAJOR, device),
        attribute(driver, CAPABILITY_MINOR, device),
        bytes.getValue());
  }

  private static int handle(Functions driver, int index) throws RefusedException {
    IntByReference device = new IntByReference();
    check("cuDeviceGet", driver.cuDeviceGet(device, index));
    return device.getValue();
  }

  private static int attribute(Functions driver, int attribute, int device)
      throws RefusedException {
    IntByReference value = new IntByReference();
    check("cuDeviceGetAttribute", driver.cuDeviceGetAttribute(value, attribute, device));
    return value.getValue();
  }

  private static String text(byte[] name) {
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return new String(name, 0, end, StandardCharsets.UTF_8);
  }

  private static void check(String call, int error) throws RefusedException {
    if (error != 0) {
      throw new RefusedException(call, error);
    }
  }
}
