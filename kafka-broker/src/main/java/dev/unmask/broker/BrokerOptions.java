package dev.unmask.broker;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Where a broker lives.
 *
 * @param dataDir its folder, created when missing; a broker that is started on it again has all it
 *     had
 * @param port on loopback; 0 picks a free one
 * @param listeners besides the one at {@code port}, which takes everybody
 * @param settings of the broker, by Kafka's names
 */
public record BrokerOptions(
    Path dataDir, int port, List<Listener> listeners, Map<String, String> settings) {

  /**
   * A further listener, on a free port of loopback, for example one that wants a login.
   *
   * @param name in capitals; Kafka's settings for it begin with {@code listener.name.} and the name
   * @param protocol as in Kafka's {@code security.protocol}
   */
  public record Listener(String name, String protocol) {}

  public BrokerOptions {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException(port + " is no port: 0 to 65535 is allowed, 0 picks one");
    }
    dataDir = dataDir.toAbsolutePath().normalize();
    listeners = List.copyOf(listeners);
    settings = Map.copyOf(settings);
  }

  /** A broker with one listener. */
  public BrokerOptions(Path dataDir, int port) {
    this(dataDir, port, List.of(), Map.of());
  }
}
