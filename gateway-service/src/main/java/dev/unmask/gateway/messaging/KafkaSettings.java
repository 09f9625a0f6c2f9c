package dev.unmask.gateway.messaging;

import dev.unmask.kafka.Batching;
import dev.unmask.kafka.KafkaAccess;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * How the gateway's Kafka clients are set up.
 *
 * @param access where the brokers are and how clients are let in
 * @param instance this gateway's id; also the clients' id
 * @param produceTimeout after which a record that the brokers did not take counts as failed
 */
public record KafkaSettings(KafkaAccess access, String instance, Duration produceTimeout) {

  /** Every record acknowledged by all replicas, none twice, none waiting for company. */
  Map<String, Object> producer() {
    Map<String, Object> config = common("producer");
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    Batching.whileSending(config);
    int timeout = (int) produceTimeout.toMillis();
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeout);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.max(1, timeout / 2));
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.max(1, timeout / 2));
    config.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    config.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return config;
  }

  /** A consumer of assigned partitions: no group, no commits. */
  Map<String, Object> consumer(String role) {
    Map<String, Object> config = common(role);
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    config.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 1);
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2000);
    config.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    config.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return config;
  }

  /** A member of a group that says itself where it reads from. */
  Map<String, Object> member(String role, String group) {
    Map<String, Object> config = consumer(role);
    config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 10_000);
    config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 3_000);
    return config;
  }

  /** Questions to the brokers. */
  Map<String, Object> admin() {
    return common("admin");
  }

  private Map<String, Object> common(String role) {
    Map<String, Object> config = access.properties();
    config.put(CommonClientConfigs.CLIENT_ID_CONFIG, instance + "-" + role);
    config.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1000);
    return config;
  }
}
