package dev.unmask.kafka;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;

/**
 * Where the brokers are and how a client is let in. Every client of Unmask begins with {@link
 * #properties()}.
 *
 * @param bootstrap {@code host:port,…}
 * @param security Kafka's own names and values, among them secrets; empty without encryption
 */
public record KafkaAccess(String bootstrap, Map<String, String> security) {

  public KafkaAccess {
    security = Map.copyOf(security);
  }

  /** Without encryption and without a login, as on loopback. */
  public static KafkaAccess plain(String bootstrap) {
    return new KafkaAccess(bootstrap, Map.of());
  }

  /** What every client needs; the caller may add to it. */
  public Map<String, Object> properties() {
    Map<String, Object> properties = new HashMap<>(security);
    properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    return properties;
  }

  /** Kafka's name for how connections are made, for example {@code SASL_SSL}. */
  public String protocol() {
    return security.getOrDefault(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, "PLAINTEXT");
  }

  /** How the client logs in, for sentences. */
  String login() {
    return security.getOrDefault(SaslConfigs.SASL_MECHANISM, "a certificate");
  }

  /** Address and protocol: what is behind them is secret. */
  @Override
  public String toString() {
    return bootstrap + " (" + protocol() + ")";
  }
}
