package dev.unmask.model.torch;

/** Where tensors live and operations run. */
public sealed interface Device {

  /** The processor. */
  static Device cpu() {
    return new Cpu();
  }

  /** As command lines, configurations and TorchScript write it: {@code cpu} or {@code cuda:0}. */
  String label();

  /** See {@link #cpu}. */
  record Cpu() implements Device {
    @Override
    public String label() {
      return "cpu";
    }
  }

  /**
   * A CUDA device of this process.
   *
   * @param index as libtorch counts, after {@code CUDA_VISIBLE_DEVICES}
   */
  record Cuda(int index) implements Device {

    /** Checks the number. */
    public Cuda {
      if (index < 0) {
        throw new IllegalArgumentException("a device's number is at least 0, not " + index);
      }
    }

    @Override
    public String label() {
      return "cuda:" + index;
    }
  }

  /** Whether this is the processor, whose memory Java and the library share. */
  default boolean isCpu() {
    return this instanceof Cpu;
  }
}
