package dev.unmask.model.golden;

import java.util.Locale;

/** Which implementation is judged. */
public enum GoldenPath {
  /** The network composed of plain NDArray operations, one request at a time. */
  ORACLE,
  /** The production network; all generate cases of a folder are one batch of the engine. */
  PACKED,
  /** The engine with the network as a device runs it; on the processor too. */
  STAGED,
  /**
   * A cluster, asked over gRPC and over Kafka; its answers are given to {@link GoldenMain} in a
   * file.
   */
  CLUSTER;

  /** As the command line writes it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
