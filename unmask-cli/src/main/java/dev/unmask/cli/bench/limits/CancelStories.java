package dev.unmask.cli.bench.limits;

import dev.unmask.cli.CliException;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What the topics say about requests that were left; all processes share one clock. */
final class CancelStories {

  private static final long PATIENCE_MS = 60_000;

  private final Map<String, Story> byId = new HashMap<>();
  private final Map<String, String> idOfPrompt = new HashMap<>();

  private CancelStories() {}

  /** One request; times are those that records were made. */
  static final class Story {
    private final List<Long> stepsAt = new ArrayList<>();
    private long cancelAt;
    private long endAt;

    int steps() {
      return stepsAt.size();
    }

    boolean ended() {
      return endAt > 0;
    }

    /** Steps that were told of after the cancel had been written. */
    int stepsAfterCancel() {
      return (int) stepsAt.stream().filter(at -> at > cancelAt).count();
    }

    double cancelToEndMs() {
      return (double) (endAt - cancelAt);
    }

    /** Mean time of a step. */
    double stepMs() {
      int n = stepsAt.size();
      return n < 2 ? 0 : (double) (stepsAt.getLast() - stepsAt.getFirst()) / (n - 1);
    }
  }

  /** Reads the topics until each of these requests has ended. */
  static CancelStories await(String kafka, String base, List<String> prompts)
      throws InterruptedException {
    long until = System.currentTimeMillis() + PATIENCE_MS;
    CancelStories stories;
    do {
      stories = new CancelStories();
      stories.read(kafka, Topics.interactiveRequests(base), stories::request);
      stories.read(kafka, Topics.CONTROL, stories::cancel);
      stories.read(kafka, Topics.RESULTS, stories::result);
      if (prompts.stream().map(stories::of).allMatch(Story::ended)) {
        stories.read(kafka, Topics.GATEWAY_REPLIES, stories::reply);
        return stories;
      }
      Thread.sleep(500);
    } while (System.currentTimeMillis() < until);
    throw new CliException("not every request that was left had ended after a minute");
  }

  Story of(String prompt) {
    return byId.getOrDefault(idOfPrompt.getOrDefault(prompt, ""), new Story());
  }

  private Story story(ConsumerRecord<String, byte[]> record) {
    return byId.computeIfAbsent(record.key(), id -> new Story());
  }

  /** Takes one record. */
  @FunctionalInterface
  private interface Reader {
    void read(ConsumerRecord<String, byte[]> record) throws MalformedRecordException;
  }

  private void request(ConsumerRecord<String, byte[]> record) throws MalformedRecordException {
    GenerationJob job =
        RecordCodec.decode(record.value(), false, GenerationJob.newBuilder()).build();
    if (job.getRequest().getMessages().getMessagesCount() > 0) {
      idOfPrompt.put(job.getRequest().getMessages().getMessages(0).getContent(), record.key());
    }
  }

  private void cancel(ConsumerRecord<String, byte[]> record) {
    story(record).cancelAt = record.timestamp();
  }

  private void result(ConsumerRecord<String, byte[]> record) {
    story(record).endAt = record.timestamp();
  }

  private void reply(ConsumerRecord<String, byte[]> record) throws MalformedRecordException {
    GenerationEvent event =
        RecordCodec.decode(record.value(), false, GenerationEvent.newBuilder()).build();
    if (event.hasStep()) {
      story(record).stepsAt.add(record.timestamp());
    }
  }

  private void read(String kafka, String topic, Reader reader) {
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka),
            new StringDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          if (record.key() != null && record.value() != null) {
            reader.read(record);
          }
        }
      }
    } catch (MalformedRecordException e) {
      throw new CliException("a record of " + topic + " is none: " + e.getMessage(), e);
    }
  }
}
