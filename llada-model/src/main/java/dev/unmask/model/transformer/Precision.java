package dev.unmask.model.transformer;

import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.DevicesFound;
import java.util.List;
import java.util.Locale;

/** The type that a model computes in. */
public enum Precision {
  /**
   * On the processor the type that survived a soak of hours, today {@link #F32} everywhere:
   * bfloat16 on AMX crashed in short runs, and without bfloat16 instructions it is emulated and
   * slower. Decisions 0007 and 0010 say what would change it. On a CUDA device {@link #BF16} where
   * it computes that, which is what checkpoints are stored in.
   */
  AUTO,
  F32,
  BF16,
  /**
   * float32 whose blocks multiply 8-bit integers, see {@link QuantisedText}: faster where the
   * processor multiplies bytes (VNNI), and not the same numbers. For answers, not for learning.
   */
  INT8;

  /**
   * Reads {@code auto}, {@code f32}, {@code bf16} or {@code int8}.
   *
   * @throws IllegalArgumentException with a sentence for anything else
   */
  public static Precision parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "auto" -> AUTO;
      case "f32" -> F32;
      case "bf16" -> BF16;
      case "int8" -> INT8;
      default ->
          throw new IllegalArgumentException(
              "the precision is " + text + "; it must be auto, f32, bf16 or int8");
    };
  }

  /** On the processor; never {@link #AUTO}. */
  public Precision resolved() {
    return this == AUTO ? F32 : this;
  }

  /** On a device; never {@link #AUTO}. */
  public Precision resolved(Device device) {
    return switch (device) {
      case Device.Cpu cpu -> resolved();
      case Device.Cuda cuda -> resolved(DevicesFound.here().devices(), cuda);
    };
  }

  Precision resolved(List<DevicesFound.CudaDevice> devices, Device.Cuda cuda) {
    boolean half = cuda.index() < devices.size() && devices.get(cuda.index()).computesBfloat16();
    return this == AUTO ? (half ? BF16 : F32) : this;
  }

  /** What activations are kept in. */
  TransformerText.Compute compute() {
    return resolved() == BF16 ? TransformerText.Compute.BFLOAT16 : TransformerText.Compute.FLOAT32;
  }
}
