package dev.unmask.model.torch;

import java.util.List;
import java.util.Locale;

/** TorchScript text that did not load, or a call that failed inside it. */
public final class TorchScriptException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** What is at fault, as far as it matters to whoever goes on. */
  public enum Fault {
    /** The text or its arguments: the same call fails again, others do not. */
    CALL,
    /** There was no memory for a result: less work at once may succeed. */
    OUT_OF_MEMORY,
    /** The device takes no more calls from this process. */
    DEVICE_LOST
  }

  /** How libtorch's allocators and CUDA's libraries say that memory is out. */
  private static final List<String> NO_MEMORY =
      List.of("out of memory", "can't allocate memory", "status_alloc_failed");

  /** After any of these, CUDA fails every later call of the process. */
  private static final List<String> LOST =
      List.of("cuda error", "cublas_status_", "cudnn_status_", "device-side assert");

  TorchScriptException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Judges by libtorch's words, since its exceptions carry nothing else. */
  public Fault fault() {
    String words = String.valueOf(getMessage()).toLowerCase(Locale.ROOT);
    if (NO_MEMORY.stream().anyMatch(words::contains)) {
      return Fault.OUT_OF_MEMORY;
    }
    return LOST.stream().anyMatch(words::contains) ? Fault.DEVICE_LOST : Fault.CALL;
  }

  /** {@link #fault()} of a failure that may be another one; {@code CALL} then. */
  public static Fault faultOf(RuntimeException failure) {
    return failure instanceof TorchScriptException mine ? mine.fault() : Fault.CALL;
  }
}
