package dev.unmask.sft.messaging;

import dev.unmask.kafka.KafkaAccess;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Settings of this service's clients.
 *
 * @param access where the brokers are and how clients are let in
 * @param worker who this trainer is; client ids begin with it
 */
public record KafkaSettings(KafkaAccess access, String worker) {

  /** One record at a time; the offset is committed by hand after the job. */
  public Map<String, Object> groupConsumer(String group) {
    Map<String, Object> settings = reading("commands");
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    // A trainer that joins takes over what is free and leaves a running job where it is.
    settings.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    // The reader polls all the time, so silence is death; by default a job would wait for 45 s.
    settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 15_000);
    return settings;
  }

  /** Without a group, partitions assigned by hand. */
  public Map<String, Object> follower() {
    return reading("cluster");
  }

  /** Without a group, many records at once, and no topic made by looking for it. */
  public Map<String, Object> copier() {
    Map<String, Object> settings = reading("dataset");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    return settings;
  }

  /** Acknowledged by all replicas. */
  public Map<String, Object> producer() {
    Map<String, Object> settings = common("writer");
    settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
    settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
    return settings;
  }

  private Map<String, Object> reading(String role) {
    Map<String, Object> settings = common(role);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
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
