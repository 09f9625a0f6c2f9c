package dev.unmask.broker;

import java.nio.file.Path;

/**
 * Where a broker lives.
 *
 * @param dataDir its folder, created when missing; a broker that is started on it again has all it
 *     had
 * @param port on loopback; 0 picks a free one
 */
public record BrokerOptions(Path dataDir, int port) {

  public BrokerOptions {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException(port + " is no port: 0 to 65535 is allowed, 0 picks one");
    }
    dataDir = dataDir.toAbsolutePath().normalize();
  }
}
