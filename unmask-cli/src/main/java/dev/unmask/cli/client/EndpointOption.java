package dev.unmask.cli.client;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that every client command has. */
public final class EndpointOption {

  @Option(
      names = "--endpoint",
      paramLabel = "HOST:PORT",
      description =
          "The gRPC port of the cluster. Default: $UNMASK_ENDPOINT, else the `unmask up` of this"
              + " machine.")
  private @Nullable String address;

  /** What was given, if anything. */
  public @Nullable String address() {
    return address;
  }
}
