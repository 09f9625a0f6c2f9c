package dev.unmask.sft.intake;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.unmask.kafka.TroubleLog;
import dev.unmask.proto.Headers;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.v1.FineTuneCommand;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads commands in the trainers' group, one at a time. While a job runs it polls with everything
 * paused, which keeps its membership; a rebalance that takes the job's partition makes the job stop
 * after its step, and the next owner goes on from its state.
 */
public final class CommandReader implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(CommandReader.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long LEAVING_MS = 20_000;

  private final KafkaSettings settings;
  private final Runnable rebalanced;
  private final BlockingQueue<TakenCommand> queue = new ArrayBlockingQueue<>(1);
  private final Thread thread;
  private final TroubleLog trouble;
  private volatile boolean closing;
  private volatile boolean reading;

  /** Reader thread only. */
  private @Nullable TakenCommand current;

  /**
   * @param rebalanced hears whenever the group has told this trainer its part
   */
  public CommandReader(KafkaSettings settings, Runnable rebalanced) {
    this.settings = settings;
    this.rebalanced = rebalanced;
    this.trouble =
        new TroubleLog(
            settings.access(), sentence -> LOG.warnf("event=read-again reason=\"%s\"", sentence));
    this.thread = Thread.ofPlatform().daemon().name("command-reader").unstarted(this::run);
  }

  /** Joins the group. */
  public void start() {
    thread.start();
  }

  /** Whether the reader is a member of its group. */
  public boolean isReading() {
    return reading;
  }

  /** What keeps the reader from its group, in words that give nothing away. Any thread. */
  public Optional<String> trouble() {
    return trouble.brief();
  }

  /** The next command, or null when none came in time. Training thread. */
  public @Nullable TakenCommand next(Duration patience) throws InterruptedException {
    return queue.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void run() {
    while (!closing) {
      try (Consumer<@Nullable String, byte @Nullable []> consumer =
          new KafkaConsumer<>(settings.groupConsumer(Topics.TRAINERS_GROUP))) {
        read(consumer);
      } catch (KafkaException e) {
        trouble.failed(e);
        pause();
      } finally {
        reading = false;
        leaveCurrent();
      }
    }
  }

  private void read(Consumer<@Nullable String, byte @Nullable []> consumer) {
    consumer.subscribe(List.of(Topics.FINETUNE_COMMANDS), new Rebalances());
    while (!closing) {
      if (current == null) {
        consumer.resume(consumer.assignment());
      } else {
        // Also what a rebalance has added meanwhile.
        consumer.pause(consumer.assignment());
      }
      for (ConsumerRecord<@Nullable String, byte @Nullable []> found : consumer.poll(POLL)) {
        take(consumer, found);
      }
      reading = !consumer.assignment().isEmpty() || reading;
      settle(consumer);
    }
  }

  private void take(
      Consumer<@Nullable String, byte @Nullable []> consumer,
      ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    TopicPartition partition = new TopicPartition(found.topic(), found.partition());
    FineTuneCommand command = parse(found);
    if (command == null || !(command.hasStart() || command.hasResume())) {
      // Pauses and cancels are read by every trainer, besides the group.
      commit(consumer, partition, found.offset());
      return;
    }
    TakenCommand taken =
        new TakenCommand(
            command.getJobId(),
            command.hasStart() ? command.getStart() : command.getResume(),
            partition,
            found.offset(),
            traceparent(found));
    current = taken;
    if (!queue.offer(taken)) {
      throw new IllegalStateException("two commands were taken at once");
    }
  }

  private static @Nullable String traceparent(ConsumerRecord<?, ?> found) {
    Header header = found.headers().lastHeader(Headers.TRACEPARENT);
    return header == null || header.value() == null
        ? null
        : new String(header.value(), StandardCharsets.UTF_8);
  }

  private static @Nullable FineTuneCommand parse(
      ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    byte[] value = found.value();
    try {
      FineTuneCommand command = value == null ? null : FineTuneCommand.parseFrom(value);
      if (command != null && command.getMinReader() > RecordCodec.READER_VERSION) {
        LOG.errorf(
            "job=%s event=skipped reason=\"the command needs a newer trainer\"",
            command.getJobId());
        return null;
      }
      return command;
    } catch (InvalidProtocolBufferException e) {
      LOG.errorf(
          "topic=%s partition=%d offset=%d event=malformed-command",
          found.topic(), found.partition(), found.offset());
      return null;
    }
  }

  private void settle(Consumer<@Nullable String, byte @Nullable []> consumer) {
    TakenCommand taken = current;
    if (taken == null) {
      return;
    }
    switch (taken.state()) {
      case OPEN -> {}
      case ENDED -> {
        if (!taken.isLost()) {
          commit(consumer, taken.partition(), taken.offset());
        }
        current = null;
      }
      case LEFT -> {
        if (!taken.isLost() && consumer.assignment().contains(taken.partition())) {
          consumer.seek(taken.partition(), taken.offset());
        }
        current = null;
      }
    }
  }

  private static void commit(
      Consumer<@Nullable String, byte @Nullable []> consumer,
      TopicPartition partition,
      long offset) {
    consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset + 1)));
  }

  /** Makes the job stop and waits for it, so that no two trainers work on it. */
  private void leaveCurrent() {
    TakenCommand taken = current;
    current = null;
    if (taken == null) {
      return;
    }
    taken.lose();
    if (queue.remove(taken)) {
      return;
    }
    long giveUp = System.currentTimeMillis() + LEAVING_MS;
    while (taken.state() == TakenCommand.State.OPEN && System.currentTimeMillis() < giveUp) {
      pause();
    }
  }

  private final class Rebalances implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      TakenCommand taken = current;
      if (taken != null && partitions.contains(taken.partition())) {
        leaveCurrent();
      }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      reading = true;
      // Not before: a poll may return with nothing while the login is still being refused.
      trouble.well();
      rebalanced.run();
    }
  }

  private void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing = true;
    }
  }

  @Override
  public void close() {
    closing = true;
    try {
      thread.join(Duration.ofMillis(LEAVING_MS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
