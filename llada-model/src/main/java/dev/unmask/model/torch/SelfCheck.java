package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/**
 * A look at the native library before a service says that it is ready: a mismatched library must
 * fail at the start and not in a request. Versions, threads, every element type that weights and
 * tokens have, views of mapped files, crossings to the device, and attention there. Takes well
 * under a second on the processor after the library is loaded.
 */
public final class SelfCheck {

  /** The JNI layer is built against this one; another minor version may miss a symbol. */
  static final String LIBTORCH = "2.7.1";

  /** The JNI layer that the versions page pins. */
  static final String DJL = "0.35.1";

  /**
   * What a good library says about itself.
   *
   * @param libtorch its version
   * @param djl the version of the JNI layer
   * @param intraOpThreads threads inside one operation
   * @param interOpThreads threads between operations
   * @param attentionError largest difference of fused and composed attention in float32, for normal
   *     inputs
   * @param halfAttentionError the same for fused attention in bfloat16
   * @param device where attention was tried
   * @param mappedInPlace whether a mapped file was seen to be used without a copy; false where no
   *     temporary file could be made
   * @param millis what the checks took, loading not counted
   */
  public record Report(
      String libtorch,
      String djl,
      int intraOpThreads,
      int interOpThreads,
      double attentionError,
      double halfAttentionError,
      Device device,
      boolean mappedInPlace,
      long millis) {

    /** A line for the log. */
    @Override
    public String toString() {
      return "libtorch="
          + libtorch
          + " djl="
          + djl
          + " intra_op_threads="
          + intraOpThreads
          + " inter_op_threads="
          + interOpThreads
          + " attention_error="
          + attentionError
          + " bf16_attention_error="
          + halfAttentionError
          + " device="
          + device.label()
          + " mapped_in_place="
          + mappedInPlace
          + " millis="
          + millis;
    }
  }

  private SelfCheck() {}

  /** {@link #run(Device)} on the processor. */
  public static Report run() {
    return run(Device.cpu());
  }

  /**
   * Checks everything; crossings, products and attention on {@code device}.
   *
   * @throws UnusableLibraryException saying what does not hold
   */
  public static Report run(Device device) {
    checkVersions(TorchRuntime.version(), TorchRuntime.djlVersion());
    long start = System.nanoTime();
    checkThreads();
    try (TorchScriptModule module =
            TorchScriptModule.compile(TypeChecks.TEXT + AttentionCheck.TEXT);
        Transfer transfer = new Transfer(device);
        NDManager manager = TorchRuntime.newManager()) {
      TypeChecks types = new TypeChecks(module, manager);
      // What the guard refuses to models must not be tried here either: it can end the process.
      boolean half =
          !device.isCpu() || !(Processor.here().usesTiles() && TorchRuntime.intraOpThreads() > 1);
      types.run(half);
      boolean mapped = types.mappedFileIsUsedInPlace();
      TransferCheck.run(transfer, manager);
      AttentionCheck attention = new AttentionCheck(module, transfer, manager);
      return new Report(
          TorchRuntime.version(),
          TorchRuntime.djlVersion(),
          TorchRuntime.intraOpThreads(),
          TorchRuntime.interOpThreads(),
          attention.error(),
          half ? attention.halfError() : Double.NaN,
          device,
          mapped,
          (System.nanoTime() - start) / 1_000_000);
    } catch (TorchScriptException e) {
      throw new UnusableLibraryException(
          "libtorch "
              + TorchRuntime.version()
              + " does not run this build's TorchScript: "
              + e.getMessage(),
          e);
    }
  }

  static void checkVersions(String libtorch, String djl) {
    // Builds carry suffixes such as +cpu.
    if (!libtorch.equals(LIBTORCH) && !libtorch.startsWith(LIBTORCH + "+")) {
      throw new UnusableLibraryException(
          "libtorch is version " + libtorch + "; this build needs " + LIBTORCH);
    }
    if (!djl.equals(DJL)) {
      throw new UnusableLibraryException(
          "the JNI layer is of DJL " + djl + "; this build needs " + DJL);
    }
  }

  /** A setting that was given and not taken would be noticed only by its speed, or by a crash. */
  private static void checkThreads() {
    checkThreads("ai.djl.pytorch.num_threads", TorchRuntime.intraOpThreads());
    checkThreads("ai.djl.pytorch.num_interop_threads", TorchRuntime.interOpThreads());
  }

  static void checkThreads(String property, int actual) {
    Integer wanted = Integer.getInteger(property);
    if (wanted != null && wanted != actual) {
      throw new UnusableLibraryException(
          property + " is " + wanted + ", but libtorch uses " + actual + " threads");
    }
  }

  /** The result of a module's method as floats; the array is closed. */
  static float[] floats(Transfer transfer, NDManager manager, List<NDArray> result) {
    try (NDManager passing = manager.newSubManager()) {
      result.forEach(array -> array.attach(passing));
      return transfer.back(passing, result, 0).toFloatArray();
    }
  }
}
