package dev.unmask.model.transformer;

import com.sun.management.OperatingSystemMXBean;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/** Which structure of a forward pass runs. All compute the same network. */
public enum Kernels {
  /** The network as {@link TransformerText} writes it: what the others are judged by. */
  PLAIN,
  /** Matrices in oneDNN's own layout with what follows them fused, see {@link PackedText}. */
  PREPACKED,
  /**
   * Few large operations on weights of a device's own, a step's inputs in one transfer, see {@link
   * StagedText}: what a CUDA device runs. The processor can run it too, which is how it is tested.
   */
  STAGED;

  /** The library's name for oneDNN among its features. */
  private static final String ONEDNN = "MKLDNN";

  /**
   * The prepacked form is a copy of a block's matrices in memory of the process's own, where the
   * plain one can be the mapped file; so it takes at most a share of the machine's memory.
   */
  private static final int SHARE = 4;

  /** {@link #suited(ModelConfig, Precision)} on a device: the processor's forms lie as it reads. */
  public static Kernels suited(ModelConfig config, Precision precision, Device device) {
    return device.isCpu() ? suited(config, precision) : STAGED;
  }

  /**
   * What suits a model on the processor: prepacked, unless its copy is too large or oneDNN is
   * missing.
   */
  public static Kernels suited(ModelConfig config, Precision precision) {
    if (precision == Precision.INT8) {
      return PREPACKED;
    }
    return suited(
        matrixNumbers(config) * precision.compute().bytes(),
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(),
        TorchRuntime.features().contains(ONEDNN));
  }

  /**
   * Refuses a combination that does not exist.
   *
   * @throws IllegalArgumentException saying what does
   */
  public void require(Precision precision, Device device) {
    if (precision == Precision.INT8 && this != PREPACKED) {
      throw new IllegalArgumentException(
          "int8 has no " + label() + " kernels; they must be prepacked");
    }
    if (!device.isCpu() && this != STAGED) {
      throw new IllegalArgumentException(
          label()
              + " kernels are for the processor, not for "
              + device.label()
              + "; there they must be staged"
              + (precision == Precision.INT8 ? ", in bf16 or f32" : ""));
    }
  }

  static Kernels suited(long packedBytes, long memory, boolean onednn) {
    return onednn && packedBytes <= memory / SHARE ? PREPACKED : PLAIN;
  }

  /** Numbers in the matrices of all blocks: what the prepacked form copies. */
  static long matrixNumbers(ModelConfig config) {
    return WeightTable.of(config).stream()
        .filter(WeightTable.Weight::isBlockMatrix)
        .mapToLong(weight -> weight.shape().get(0) * weight.shape().get(1))
        .sum();
  }

  /** As command lines and reports write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads a {@link #label}.
   *
   * @throws IllegalArgumentException with a sentence for anything else
   */
  public static Kernels parse(String text) {
    for (Kernels kernels : values()) {
      if (kernels.label().equals(text)) {
        return kernels;
      }
    }
    throw new IllegalArgumentException(
        "the kernels are " + text + "; they must be plain, prepacked or staged");
  }
}
