package dev.unmask.sft.messaging;

import dev.unmask.kafka.TroubleLog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads whole topics from their beginning and then what comes, on one own thread. Begins again when
 * the broker or a topic is away; folding a record twice must change nothing.
 */
public final class TopicFollower implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(TopicFollower.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final KafkaSettings settings;
  private final Set<String> topics;
  private final Consumer<ConsumerRecord<@Nullable String, byte @Nullable []>> reader;
  private final CompletableFuture<Void> caughtUp = new CompletableFuture<>();
  private final Thread thread;
  private final TroubleLog trouble;
  private volatile boolean closing;

  /**
   * @param reader gets every record on the follower's thread
   */
  public TopicFollower(
      KafkaSettings settings,
      Set<String> topics,
      Consumer<ConsumerRecord<@Nullable String, byte @Nullable []>> reader) {
    this.settings = settings;
    this.topics = Set.copyOf(topics);
    this.reader = reader;
    this.trouble =
        new TroubleLog(
            settings.access(), sentence -> LOG.warnf("event=follow-again reason=\"%s\"", sentence));
    this.thread = Thread.ofPlatform().daemon().name("cluster-follower").unstarted(this::run);
  }

  /** Starts reading. */
  public void start() {
    thread.start();
  }

  /** Completes when everything that was there at the start has been read. */
  public CompletableFuture<Void> caughtUp() {
    return caughtUp.copy();
  }

  /** What keeps the follower from its topics, in words that give nothing away. Any thread. */
  public Optional<String> trouble() {
    return trouble.brief();
  }

  private void run() {
    while (!closing) {
      try (KafkaConsumer<@Nullable String, byte @Nullable []> consumer =
          new KafkaConsumer<>(settings.follower())) {
        follow(consumer);
      } catch (KafkaException e) {
        trouble.failed(e);
        pause();
      }
    }
  }

  private void follow(KafkaConsumer<@Nullable String, byte @Nullable []> consumer) {
    List<TopicPartition> partitions = partitions(consumer);
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    trouble.well();
    while (!closing) {
      for (var found : consumer.poll(POLL)) {
        reader.accept(found);
      }
      if (!caughtUp.isDone()
          && ends.entrySet().stream()
              .allMatch(e -> consumer.position(e.getKey()) >= e.getValue())) {
        caughtUp.complete(null);
      }
    }
  }

  private List<TopicPartition> partitions(
      KafkaConsumer<@Nullable String, byte @Nullable []> consumer) {
    while (!closing) {
      List<TopicPartition> all =
          topics.stream()
              .flatMap(topic -> consumer.partitionsFor(topic).stream())
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      if (all.stream().map(TopicPartition::topic).collect(Collectors.toSet()).equals(topics)) {
        return all;
      }
      pause();
    }
    throw new WakeupException();
  }

  private void pause() {
    try {
      Thread.sleep(500);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing = true;
    }
  }

  @Override
  public void close() {
    closing = true;
    try {
      thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
