package dev.unmask.cli.process;

import picocli.CommandLine.Option;

/** Where an engine's process computes; that process checks the value and what is there. */
public final class DeviceOption {

  @Option(
      names = "--device",
      paramLabel = "auto|cpu|cuda|cuda:N",
      defaultValue = "auto",
      description = {
        "Where the network runs; default ${DEFAULT-VALUE}: the first CUDA device when the loaded",
        "libtorch and the driver have one (docs/gpu.md), else the processor."
      })
  private String device = "auto";

  /** As it was given. */
  public String device() {
    return device;
  }
}
