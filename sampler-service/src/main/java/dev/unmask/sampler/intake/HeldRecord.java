package dev.unmask.sampler.intake;

import dev.unmask.sampler.messaging.KafkaSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The record that a slot holds, and the lock on it. Slot thread only, because it uses the slot's
 * consumer.
 */
final class HeldRecord {

  private static final Logger LOG = Logger.getLogger(HeldRecord.class);
  private static final Duration CALL = Duration.ofMillis(KafkaSettings.CALL_TIMEOUT_MS);

  private final ShareConsumer<@Nullable String, byte @Nullable []> consumer;
  private final Duration waited;
  private ConsumerRecord<@Nullable String, byte @Nullable []> taken;

  /**
   * @param asked when this worker began to ask for a record; one that is older has waited for it
   */
  HeldRecord(
      ShareConsumer<@Nullable String, byte @Nullable []> consumer,
      ConsumerRecord<@Nullable String, byte @Nullable []> taken,
      Instant asked) {
    this.consumer = consumer;
    this.taken = taken;
    this.waited = Duration.ofMillis(Math.max(0, asked.toEpochMilli() - taken.timestamp()));
  }

  /** How long the record lay in its topic because this worker had no room for it. */
  Duration waited() {
    return waited;
  }

  ConsumerRecord<@Nullable String, byte @Nullable []> taken() {
    return taken;
  }

  /** Done: the record is never delivered again. */
  boolean accept() {
    return acknowledge(AcknowledgeType.ACCEPT);
  }

  /** Given back: another delivery follows. */
  boolean release() {
    return acknowledge(AcknowledgeType.RELEASE);
  }

  /**
   * Starts the lock anew. A renewed record comes back from the next poll and must be taken again
   * before it can be acknowledged; it is the same delivery, so nothing is started for it.
   *
   * @return false when the lock is gone or nobody knows
   */
  boolean renew() {
    if (!acknowledge(AcknowledgeType.RENEW)) {
      return false;
    }
    long until = System.nanoTime() + CALL.toNanos();
    while (System.nanoTime() < until) {
      for (var back : consumer.poll(Duration.ofMillis(200))) {
        if (back.offset() == taken.offset() && back.topic().equals(taken.topic())) {
          taken = back;
          return true;
        }
        LOG.warnf(
            "event=unexpected-record topic=%s offset=%d while=%d",
            back.topic(), back.offset(), taken.offset());
        consumer.acknowledge(back, AcknowledgeType.RELEASE);
      }
    }
    return false;
  }

  private boolean acknowledge(AcknowledgeType how) {
    try {
      consumer.acknowledge(taken, how);
      Map<TopicIdPartition, Optional<KafkaException>> results = consumer.commitSync(CALL);
      for (Optional<KafkaException> failure : results.values()) {
        if (failure.isPresent()) {
          warn(how, failure.get());
          return false;
        }
      }
      return true;
    } catch (KafkaException | IllegalStateException e) {
      warn(how, e);
      return false;
    }
  }

  private void warn(AcknowledgeType how, RuntimeException why) {
    LOG.warnf(
        "event=acknowledge-failed how=%s topic=%s offset=%d reason=\"%s\"",
        how, taken.topic(), taken.offset(), why.getMessage());
  }
}
