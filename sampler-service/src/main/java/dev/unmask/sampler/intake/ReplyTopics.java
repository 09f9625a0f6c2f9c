package dev.unmask.sampler.intake;

import dev.unmask.sampler.messaging.KafkaSettings;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Which reply topics exist. A producer that meets a topic that does not exist waits for it, and
 * with it everybody else's events, so the slot asks first. Thread-safe; blocks for a bounded time.
 */
final class ReplyTopics {

  private static final Duration TRUSTED = Duration.ofMinutes(1);

  private record Known(int partitions, Instant asked) {}

  private final Admin admin;
  private final Clock clock;
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  ReplyTopics(Admin admin, Clock clock) {
    this.admin = admin;
    this.clock = clock;
  }

  /**
   * How many partitions {@code topic} has; empty when there is no such topic.
   *
   * @throws KafkaException when the broker does not say
   */
  OptionalInt partitions(String topic) {
    Known before = known.get(topic);
    Instant now = clock.instant();
    if (before != null && before.asked().plus(TRUSTED).isAfter(now)) {
      return OptionalInt.of(before.partitions());
    }
    try {
      int count =
          admin
              .describeTopics(List.of(topic))
              .allTopicNames()
              .get(KafkaSettings.CALL_TIMEOUT_MS, TimeUnit.MILLISECONDS)
              .values()
              .iterator()
              .next()
              .partitions()
              .size();
      known.put(topic, new Known(count, now));
      return OptionalInt.of(count);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException
          || e.getCause() instanceof InvalidTopicException) {
        known.remove(topic);
        return OptionalInt.empty();
      }
      throw new KafkaException("the broker did not describe the topic " + topic, e.getCause());
    } catch (TimeoutException e) {
      throw new KafkaException("the broker did not describe the topic " + topic + " in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted while asking for the topic " + topic, e);
    }
  }
}
