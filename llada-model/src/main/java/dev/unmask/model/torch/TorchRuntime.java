package dev.unmask.model.torch;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import java.util.Set;
import java.util.TreeSet;

/** The native library of this process: loaded once, settings per thread. */
public final class TorchRuntime {

  private static final Engine ENGINE = start();

  private static final ThreadLocal<Boolean> PREPARED =
      ThreadLocal.withInitial(() -> {
        // The profiling executor recompiles for every new shape, and shapes vary each step.
        JniUtils.setGraphExecutorOptimize(false);
        return true;
      });

  private TorchRuntime() {}

  private static Engine start() {
    // Without this an absent native jar becomes a download in the middle of a start.
    if (System.getProperty("ai.djl.offline") == null) {
      System.setProperty("ai.djl.offline", "true");
    }
    return Engine.getEngine("PyTorch");
  }

  /** The version of libtorch, such as {@code 2.7.1}. */
  public static String version() {
    return ENGINE.getVersion();
  }

  /** The version of the JNI layer, such as {@code 0.35.1}. */
  public static String djlVersion() {
    return Engine.getDjlVersion();
  }

  /** What the library was built with, such as {@code MKL}; {@code CUDA} where it has a GPU. */
  public static Set<String> features() {
    return new TreeSet<>(JniUtils.getFeatures());
  }

  /** The folder with the library's files. */
  public static String folder() {
    return LibUtils.getLibtorchPath();
  }

  /** A new manager on the CPU; the caller closes it. */
  public static NDManager newManager() {
    return ENGINE.newBaseManager(ai.djl.Device.cpu());
  }

  /** Threads that one operation may use inside the library. */
  public static int intraOpThreads() {
    return JniUtils.getNumThreads();
  }

  /** Threads that may run operations side by side inside the library. */
  public static int interOpThreads() {
    return JniUtils.getNumInteropThreads();
  }

  /** Where the library's own random numbers begin; they are drawn for benchmarks only. */
  public static void seed(long seed) {
    JniUtils.setSeed(seed);
  }

  /**
   * Bytes of a device that nobody has taken yet.
   *
   * @throws UnusableLibraryException when the driver does not say
   */
  public static long freeBytes(Device.Cuda device) {
    return CudaDriver.freeBytes(device.index());
  }

  /**
   * Bytes of a device that this process or another one has taken.
   *
   * @throws UnusableLibraryException when the driver does not say
   */
  public static long usedBytes(Device.Cuda device) {
    return CudaDriver.usedBytes(device.index());
  }

  /** Gives memory that the library keeps of devices, but does not use, back to them. */
  public static void returnDeviceMemory() {
    JniUtils.emptyCudaCache();
  }

  /** Sets the calling thread up for running modules; cheap when it already is. */
  static void prepareThread() {
    PREPARED.get();
  }

  /**
   * Switches recording for automatic differentiation on the calling thread. It is on in every new
   * Java thread.
   */
  public static void recordGradients(boolean on) {
    JniUtils.setGradMode(on);
  }
}
