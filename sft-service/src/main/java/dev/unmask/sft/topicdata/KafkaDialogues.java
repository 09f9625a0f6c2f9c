package dev.unmask.sft.topicdata;

import dev.unmask.proto.Topics;
import dev.unmask.sft.dataset.DialogueTopic;
import dev.unmask.sft.dataset.TopicCopy;
import dev.unmask.sft.messaging.KafkaSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Dialogues of a topic: key = conversation id, value = the JSON of a row, null = deleted. The
 * version of such a dataset is the vector of its partitions' end offsets, taken before the first
 * record is read; what is written later belongs to a later job.
 */
public final class KafkaDialogues implements DialogueTopic {

  private static final Duration POLL = Duration.ofMillis(200);

  /** A broker that gives nothing for so long is away. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final KafkaSettings settings;

  public KafkaDialogues(KafkaSettings settings) {
    this.settings = settings;
  }

  @Override
  public TopicCopy copy(String topic, Path folder) throws IOException {
    if (!topic.equals(Topics.DIALOGUES)) {
      throw new IOException(
          "A job may read the topic " + Topics.DIALOGUES + ", not " + topic + ".");
    }
    TopicCopy copy = new TopicCopy(topic, folder);
    try (KafkaConsumer<@Nullable String, byte @Nullable []> consumer =
        new KafkaConsumer<>(settings.copier())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic, PATIENCE).stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      if (partitions.isEmpty()) {
        throw new IOException("There is no topic " + topic + ".");
      }
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, PATIENCE);
      ends.forEach((partition, end) -> copy.upTo(partition.partition(), end));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      read(consumer, new HashMap<>(ends), copy);
      return copy;
    } catch (IOException | KafkaException e) {
      copy.close();
      throw e instanceof IOException told
          ? told
          : new IOException("The topic " + topic + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * @param left the end of each partition that is not read yet
   */
  private static void read(
      KafkaConsumer<@Nullable String, byte @Nullable []> consumer,
      Map<TopicPartition, Long> left,
      TopicCopy copy)
      throws IOException {
    long heard = System.nanoTime();
    while (true) {
      // Compaction and transaction marks leave gaps, so the position tells, not the last record.
      left.entrySet().removeIf(end -> consumer.position(end.getKey(), PATIENCE) >= end.getValue());
      if (left.isEmpty()) {
        return;
      }
      var records = consumer.poll(POLL);
      for (ConsumerRecord<@Nullable String, byte @Nullable []> found : records) {
        add(found, left, copy);
      }
      if (!records.isEmpty()) {
        heard = System.nanoTime();
      } else if (System.nanoTime() - heard > PATIENCE.toNanos()) {
        throw new IOException(
            "The broker gave nothing of "
                + left.keySet()
                + " for "
                + PATIENCE.toSeconds()
                + " seconds.");
      }
    }
  }

  private static void add(
      ConsumerRecord<@Nullable String, byte @Nullable []> found,
      Map<TopicPartition, Long> left,
      TopicCopy copy)
      throws IOException {
    Long end = left.get(new TopicPartition(found.topic(), found.partition()));
    if (end == null || found.offset() >= end) {
      return;
    }
    String key = found.key();
    // A record without a key is a dialogue that nobody can replace.
    String name = key == null ? "\0" + found.partition() + ":" + found.offset() : key;
    copy.add(found.partition(), found.offset(), name, found.value());
  }
}
