package dev.unmask.cli.bench.engine;

import dev.unmask.cli.process.DeviceOption;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the engine is given to do; the engine's process checks the values. */
final class EngineLoadOptions {

  @Option(
      names = "--size",
      paramLabel = "mini|135m|1b|8b",
      defaultValue = "mini",
      description = "Shape of the network; default ${DEFAULT-VALUE}.")
  private String size = "mini";

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "16",
      description = "Requests that share a step; default ${DEFAULT-VALUE}.")
  private String requests = "16";

  @Option(
      names = "--precision",
      paramLabel = "auto|f32|bf16|int8",
      defaultValue = "auto",
      description = "What the network computes in; default ${DEFAULT-VALUE}: what is served there.")
  private String precision = "auto";

  @Mixin private DeviceOption device;

  @Option(
      names = "--path",
      paramLabel = "auto|packed|plain|staged",
      defaultValue = "auto",
      description = {
        "The network as it is served (packed on the processor, staged on a device), or the plain",
        "text that both are judged by; default ${DEFAULT-VALUE}."
      })
  private String path = "auto";

  @Option(
      names = "--cache",
      paramLabel = "none|prefix|dual",
      defaultValue = "none",
      description = "Cache of the whole requests; default ${DEFAULT-VALUE}.")
  private String cache = "none";

  @Option(
      names = "--threshold",
      paramLabel = "X",
      defaultValue = "0",
      description = "Threshold decoding of the whole requests; default: one token a step.")
  private double threshold;

  @Option(
      names = "--mix",
      paramLabel = "fixed|mixed",
      defaultValue = "mixed",
      description = {
        "Prompts of 8 to 256 tokens and canvases of 32 to 256 slots with different steps, or 128",
        "and 64 for all; default ${DEFAULT-VALUE}."
      })
  private String mix = "mixed";

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "Above 0 tokens are drawn; default ${DEFAULT-VALUE}.")
  private String temperature = "0";

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "The best of so many rounds counts; default ${DEFAULT-VALUE}.")
  private int rounds = 5;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "10",
      description = "How long whole requests run, 0 not at all; default ${DEFAULT-VALUE}.")
  private double seconds = 10;

  double threshold() {
    return threshold;
  }

  int rounds() {
    return rounds;
  }

  double seconds() {
    return seconds;
  }

  /** For the engine's process; {@code mode} is what that calls a kind of measurement. */
  List<String> arguments(String mode) {
    return List.of(
        "--mode",
        mode,
        "--size",
        size,
        "--requests",
        requests,
        "--precision",
        precision,
        "--device",
        device.device(),
        "--path",
        path,
        "--cache",
        cache,
        "--threshold",
        String.valueOf(threshold),
        "--mix",
        mix,
        "--temperature",
        temperature,
        "--rounds",
        String.valueOf(rounds),
        "--seconds",
        String.valueOf(seconds));
  }
}
