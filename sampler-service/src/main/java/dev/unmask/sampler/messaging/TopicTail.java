package dev.unmask.sampler.messaging;

import dev.unmask.kafka.TroubleLog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Follows whole topics from their beginning, on one own thread, and hands every record to one
 * reader in the order of its partition. Survives the absence of the topics and of the broker by
 * trying again.
 */
public final class TopicTail implements AutoCloseable {

  /** Gets every record; called on the tail's thread. */
  public interface Reader {
    void read(ConsumerRecord<@Nullable String, byte @Nullable []> found);
  }

  private static final Logger LOG = Logger.getLogger(TopicTail.class);
  private static final Duration POLL = Duration.ofMillis(500);

  private final KafkaSettings settings;
  private final String role;
  private final Set<String> topics;
  private final Reader reader;
  private final CompletableFuture<Void> caughtUp = new CompletableFuture<>();
  private final Thread thread;
  private final TroubleLog trouble;
  private volatile boolean closing;
  private volatile @Nullable Consumer<@Nullable String, byte @Nullable []> consumer;

  public TopicTail(KafkaSettings settings, String role, Set<String> topics, Reader reader) {
    this.settings = settings;
    this.role = role;
    this.topics = Set.copyOf(topics);
    this.reader = reader;
    this.trouble =
        new TroubleLog(
            settings.access(),
            sentence -> LOG.warnf("reader=%s event=retry reason=\"%s\"", role, sentence));
    this.thread = Thread.ofPlatform().daemon().name(role).unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  /** Completes when everything that was in the topics at the start has been read. */
  public CompletableFuture<Void> caughtUp() {
    return caughtUp.copy();
  }

  /** What keeps the tail from its topics, in words that give nothing away. Any thread. */
  public Optional<String> trouble() {
    return trouble.brief();
  }

  @Override
  public void close() {
    closing = true;
    Consumer<?, ?> current = consumer;
    if (current != null) {
      current.wakeup();
    }
    try {
      thread.join(Duration.ofMillis(KafkaSettings.CALL_TIMEOUT_MS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closing) {
      try (KafkaConsumer<@Nullable String, byte @Nullable []> fresh =
          new KafkaConsumer<>(settings.follower(role))) {
        consumer = fresh;
        follow(fresh);
      } catch (WakeupException e) {
        LOG.debugf("reader=%s event=closing", role);
      } catch (RuntimeException e) {
        trouble.failed(e);
        pause();
      }
    }
  }

  private void follow(Consumer<@Nullable String, byte @Nullable []> from) {
    List<TopicPartition> partitions = partitions(from);
    from.assign(partitions);
    // A tail that starts again reads again: folding a record twice changes nothing.
    from.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = from.endOffsets(partitions);
    trouble.well();
    while (!closing) {
      for (var found : from.poll(POLL)) {
        hand(found);
      }
      if (!caughtUp.isDone()
          && ends.entrySet().stream().allMatch(e -> from.position(e.getKey()) >= e.getValue())) {
        caughtUp.complete(null);
      }
    }
  }

  private List<TopicPartition> partitions(Consumer<?, ?> from) {
    while (!closing) {
      List<TopicPartition> all =
          topics.stream()
              .flatMap(topic -> from.partitionsFor(topic).stream())
              .map((PartitionInfo p) -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      if (all.stream().map(TopicPartition::topic).collect(Collectors.toSet()).equals(topics)) {
        return all;
      }
      LOG.infof("reader=%s event=waiting-for-topics topics=%s", role, topics);
      pause();
    }
    throw new WakeupException();
  }

  private void hand(ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    try {
      reader.read(found);
    } catch (RuntimeException e) {
      // One bad record must not stop the topic.
      LOG.errorf(
          e,
          "reader=%s event=record-failed topic=%s partition=%d offset=%d",
          role,
          found.topic(),
          found.partition(),
          found.offset());
    }
  }

  private void pause() {
    try {
      Thread.sleep(500);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing = true;
    }
  }
}
