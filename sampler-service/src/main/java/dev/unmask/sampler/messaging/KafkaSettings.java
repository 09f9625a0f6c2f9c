package dev.unmask.sampler.messaging;

import dev.unmask.kafka.Batching;
import dev.unmask.kafka.KafkaAccess;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Settings of this worker's Kafka clients, derived from where the brokers are and who the worker
 * is.
 *
 * @param access where the brokers are and how clients are let in
 * @param worker worker id; client ids begin with it
 */
public record KafkaSettings(KafkaAccess access, String worker) {

  /** Longest wait of a blocking call to the broker. Far below the lock on a request. */
  public static final int CALL_TIMEOUT_MS = 4_000;

  /** A share consumer that takes exactly one record at a time and must acknowledge it. */
  public Map<String, Object> shareConsumer(String group, String role) {
    Map<String, Object> settings = reading(role);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    settings.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
    settings.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
    // An idle slot polls only when its turn comes, which may be never; by default it would be put
    // out of the group after five minutes and had to join anew. A slot that hangs with a record
    // loses it by its lock.
    settings.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, Integer.MAX_VALUE);
    return settings;
  }

  /** A consumer without a group that is given its partitions by hand. */
  public Map<String, Object> follower(String role) {
    Map<String, Object> settings = reading(role);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    return settings;
  }

  /** Idempotent, acknowledged by all replicas, sent at once. */
  public Map<String, Object> producer() {
    Map<String, Object> settings = common("writer");
    settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
    settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    Batching.whileSending(settings);
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, CALL_TIMEOUT_MS);
    settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MS);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 2 * CALL_TIMEOUT_MS);
    return settings;
  }

  public Map<String, Object> admin() {
    Map<String, Object> settings = common("admin");
    settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MS);
    settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MS);
    return settings;
  }

  private Map<String, Object> reading(String role) {
    Map<String, Object> settings = common(role);
    settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
    settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return settings;
  }

  private Map<String, Object> common(String role) {
    Map<String, Object> settings = access.properties();
    settings.put(CommonClientConfigs.CLIENT_ID_CONFIG, worker + "." + role);
    settings.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
    return settings;
  }
}
