package dev.unmask.model.transformer;

import com.sun.management.OperatingSystemMXBean;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.TorchRuntime;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/** Which structure of a forward pass runs. Both compute the same network. */
public enum Kernels {
  /** The network as {@link TransformerText} writes it: what the other one is judged by. */
  PLAIN,
  /** Matrices in oneDNN's own layout with what follows them fused, see {@link PackedText}. */
  PREPACKED;

  /** The library's name for oneDNN among its features. */
  private static final String ONEDNN = "MKLDNN";

  /**
   * The prepacked form is a copy of a block's matrices in memory of the process's own, where the
   * plain one can be the mapped file; so it takes at most a share of the machine's memory.
   */
  private static final int SHARE = 4;

  /** What suits a model here: prepacked, unless its copy is too large or oneDNN is missing. */
  public static Kernels suited(ModelConfig config, Precision precision) {
    if (precision == Precision.INT8) {
      return PREPACKED;
    }
    return suited(
        matrixNumbers(config) * precision.compute().bytes(),
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(),
        TorchRuntime.features().contains(ONEDNN));
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
        "the kernels are " + text + "; they must be plain or prepacked");
  }
}
