package dev.unmask.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Everything that a topic has received, in the order of arrival. Reads all partitions from the
 * start on a thread of its own, without a group, until it is closed.
 */
public final class TopicLog implements AutoCloseable {

  private final String topic;
  private final KafkaConsumer<String, byte[]> consumer;
  private final List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
  private final Thread reader;

  private TopicLog(String bootstrap, String topic) {
    this.topic = topic;
    this.consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap, "fetch.max.wait.ms", 100),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(p -> new TopicPartition(topic, p.partition()))
            .toList();
    if (partitions.isEmpty()) {
      consumer.close();
      throw new IllegalArgumentException("there is no topic " + topic);
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    this.reader = new Thread(this::read, "topic-log-" + topic);
    reader.setDaemon(true);
  }

  static TopicLog follow(String bootstrap, String topic) {
    TopicLog log = new TopicLog(bootstrap, topic);
    log.reader.start();
    return log;
  }

  private void read() {
    try (consumer) {
      while (true) {
        var polled = consumer.poll(Duration.ofSeconds(1));
        synchronized (records) {
          polled.forEach(records::add);
          records.notifyAll();
        }
      }
    } catch (WakeupException e) {
      // close() asked for it.
      return;
    }
  }

  /** What has come so far. */
  public List<ConsumerRecord<String, byte[]>> records() {
    synchronized (records) {
      return List.copyOf(records);
    }
  }

  /** The values of what has come so far with this key. */
  public List<byte[]> values(String key) {
    return records().stream().filter(r -> key.equals(r.key())).map(ConsumerRecord::value).toList();
  }

  /**
   * Waits until {@code count} records that {@code wanted} accepts are there and returns all that
   * are.
   *
   * @throws AssertionError when they do not come in time
   */
  public List<ConsumerRecord<String, byte[]>> await(
      int count, Predicate<ConsumerRecord<String, byte[]>> wanted, Duration timeout)
      throws InterruptedException {
    long giveUp = System.nanoTime() + timeout.toNanos();
    synchronized (records) {
      while (true) {
        List<ConsumerRecord<String, byte[]>> found = records.stream().filter(wanted).toList();
        if (found.size() >= count) {
          return found;
        }
        long left = (giveUp - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new AssertionError(
              "in %s %d of %d wanted records came to %s, which has %d in all"
                  .formatted(timeout, found.size(), count, topic, records.size()));
        }
        records.wait(left);
      }
    }
  }

  /** Waits for {@code count} records with {@code key}. */
  public List<byte[]> awaitValues(String key, int count, Duration timeout)
      throws InterruptedException {
    return await(count, r -> key.equals(r.key()), timeout).stream()
        .map(ConsumerRecord::value)
        .toList();
  }

  @Override
  public void close() {
    consumer.wakeup();
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
