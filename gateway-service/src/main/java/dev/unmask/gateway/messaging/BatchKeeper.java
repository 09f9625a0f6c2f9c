package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.JobMaker;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.batches.BatchFold;
import dev.unmask.gateway.flow.batches.BatchLines;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.BatchError;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.BatchStatus;
import dev.unmask.v1.GenerationEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Runs the batches of the cluster, on the one gateway that has the partition of their topic: the
 * consumer group elects it, and another one takes over when it goes. A run knows what was answered
 * from the results topic, read from the time on at which the oldest batch under way was made. One
 * thread.
 */
public final class BatchKeeper extends ReaderThread {

  private static final Logger LOG = Logger.getLogger(BatchKeeper.class);
  private static final Duration ROUND = Duration.ofMillis(200);
  private static final Duration BETWEEN_PROGRESS = Duration.ofSeconds(5);

  private final KafkaSettings settings;
  private final KafkaOutbox outbox;
  private final BatchLines format;
  private final JobMaker jobs;
  private final FileShelf files;
  private final Runnable rebalanced;
  private final Clock clock;
  private final Map<String, KeptBatch> runs = new HashMap<>();

  /** Filled by the producer's thread. */
  private final Queue<String> unsent = new ConcurrentLinkedQueue<>();

  private BatchFold fold = new BatchFold();
  private @Nullable Consumer<byte[], byte[]> results;
  private boolean keeping;
  private boolean folded;

  /**
   * @param rebalanced hears whenever the group has told this gateway its part
   */
  public BatchKeeper(
      KafkaSettings settings,
      KafkaOutbox outbox,
      BatchLines format,
      JobMaker jobs,
      FileShelf files,
      Runnable rebalanced,
      Clock clock) {
    super(settings, "batch-keeper");
    this.settings = settings;
    this.outbox = outbox;
    this.format = format;
    this.jobs = jobs;
    this.files = files;
    this.rebalanced = rebalanced;
    this.clock = clock;
  }

  @Override
  Map<String, Object> consumerConfig() {
    return settings.member("batch-keeper", Topics.BATCH_KEEPERS_GROUP);
  }

  @Override
  void connect(Consumer<byte[], byte[]> consumer) {
    var partitions = consumer.partitionsFor(Topics.BATCHES, REACH);
    if (partitions == null || partitions.isEmpty()) {
      throw new KafkaException("the topic " + Topics.BATCHES + " does not exist yet");
    }
    consumer.subscribe(
        List.of(Topics.BATCHES),
        new ConsumerRebalanceListener() {
          @Override
          public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            rebalanced.run();
            if (!assigned.isEmpty()) {
              consumer.seekToBeginning(assigned);
              fold = new BatchFold();
              folded = false;
              keeping = true;
              LOG.info("event=batches.taken");
            }
          }

          @Override
          public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            if (!revoked.isEmpty()) {
              leave();
            }
          }
        });
  }

  @Override
  void round(Consumer<byte[], byte[]> consumer) {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(ROUND)) {
      take(record);
    }
    if (!keeping) {
      return;
    }
    if (!folded) {
      folded = reachedEnd(consumer);
      if (!folded) {
        return;
      }
      openResults();
    }
    List<BatchRecord> fresh =
        fold.underWay().stream().filter(batch -> !runs.containsKey(batch.getId())).toList();
    if (fresh.stream()
        .anyMatch(batch -> batch.getStatus() != BatchStatus.BATCH_STATUS_VALIDATING)) {
      // Somebody else has begun it, so there may be answers already.
      openResults();
    }
    for (BatchRecord batch : fresh) {
      if (!runs.containsKey(batch.getId())) {
        begin(batch);
      }
    }
    readResults();
    for (String id = unsent.poll(); id != null; id = unsent.poll()) {
      for (KeptBatch run : runs.values()) {
        run.run().unsent(id);
      }
    }
    for (KeptBatch run : List.copyOf(runs.values())) {
      step(run);
    }
  }

  @Override
  void disconnected() {
    leave();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      BatchRecord batch =
          RecordCodec.decode(record.value(), RecordHeaders.isJson(record), BatchRecord.newBuilder())
              .build();
      if (batch.getMinReader() <= RecordCodec.READER_VERSION) {
        fold.apply(batch);
      }
    } catch (MalformedRecordException e) {
      LOG.warnf("event=batch.malformed offset=%d cause=\"%s\"", record.offset(), e.getMessage());
    }
  }

  private static boolean reachedEnd(Consumer<byte[], byte[]> consumer) {
    for (var end : consumer.endOffsets(consumer.assignment(), REACH).entrySet()) {
      if (consumer.position(end.getKey(), REACH) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  /** Results from the oldest batch under way on; from now on when there is none. */
  private void openResults() {
    closeResults();
    Consumer<byte[], byte[]> own = newConsumer(settings.consumer("batch-results"));
    results = own;
    List<TopicPartition> all =
        own.partitionsFor(Topics.RESULTS, REACH).stream()
            .map(p -> new TopicPartition(p.topic(), p.partition()))
            .toList();
    own.assign(all);
    long since =
        fold.underWay().stream()
            .mapToLong(BatchRecord::getCreatedAtMs)
            .min()
            .orElse(clock.millis());
    Map<TopicPartition, Long> times = new HashMap<>();
    all.forEach(partition -> times.put(partition, since));
    // The ends first: a record that comes between the two questions is then read, not missed.
    Map<TopicPartition, Long> endsBefore = own.endOffsets(all, REACH);
    Map<TopicPartition, OffsetAndTimestamp> found = own.offsetsForTimes(times, REACH);
    for (TopicPartition partition : all) {
      @Nullable OffsetAndTimestamp first = found.get(partition);
      own.seek(partition, first == null ? endsBefore.getOrDefault(partition, 0L) : first.offset());
    }
    Map<TopicPartition, Long> ends = own.endOffsets(all, REACH);
    for (BatchRecord batch : fold.underWay()) {
      if (!runs.containsKey(batch.getId())) {
        begin(batch);
      }
    }
    // What was answered before is known before anything is sent.
    while (ends.entrySet().stream()
        .anyMatch(end -> own.position(end.getKey(), REACH) < end.getValue())) {
      readResults();
    }
  }

  private void readResults() {
    Consumer<byte[], byte[]> own = results;
    if (own == null) {
      return;
    }
    for (ConsumerRecord<byte[], byte[]> record : own.poll(Duration.ofMillis(50))) {
      String id = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
      if (!id.startsWith("batch-") || record.value() == null) {
        continue;
      }
      try {
        GenerationEvent event =
            RecordCodec.decode(
                    record.value(), RecordHeaders.isJson(record), GenerationEvent.newBuilder())
                .build();
        runs.values().forEach(run -> run.run().onResult(id, event));
      } catch (MalformedRecordException e) {
        LOG.warnf("event=result.malformed request_id=%s cause=\"%s\"", id, e.getMessage());
      }
    }
  }

  private void begin(BatchRecord batch) {
    KeptBatch kept;
    try {
      kept = KeptBatch.open(batch, format, jobs);
      runs.put(batch.getId(), kept);
      List<String> input =
          Files.readAllLines(
              files.local(Principal.ownerOf(batch.getTenant()), batch.getInputFile()),
              StandardCharsets.UTF_8);
      List<BatchError> errors = kept.run().read(input);
      if (!errors.isEmpty()) {
        end(kept, BatchStatus.BATCH_STATUS_FAILED, errors);
      } else if (batch.getStatus() != BatchStatus.BATCH_STATUS_CANCELLING) {
        write(kept.run().progress().setStatus(BatchStatus.BATCH_STATUS_IN_PROGRESS), kept);
      }
    } catch (RefusedException e) {
      fail(batch, e.refusal().message());
    } catch (IOException e) {
      fail(batch, "The input file cannot be read as lines of UTF-8: " + e.getMessage());
    }
  }

  private void fail(BatchRecord batch, String why) {
    KeptBatch kept = runs.remove(batch.getId());
    if (kept != null) {
      kept.close();
    }
    BatchRecord failed =
        batch.toBuilder()
            .setStatus(BatchStatus.BATCH_STATUS_FAILED)
            .setEndedAtMs(clock.millis())
            .setAtMs(clock.millis())
            .addErrors(BatchError.newBuilder().setMessage(why))
            .build();
    fold.apply(failed);
    send(failed);
  }

  private void step(KeptBatch kept) {
    String id = kept.run().record().getId();
    BatchRecord now = fold.get(id).orElse(kept.run().record());
    if (now.getStatus() == BatchStatus.BATCH_STATUS_CANCELLING) {
      giveUp(kept, "The batch was cancelled.");
      end(kept, BatchStatus.BATCH_STATUS_CANCELLED, List.of());
    } else if (clock.millis() >= now.getExpiresAtMs()) {
      giveUp(kept, "The batch has expired.");
      end(kept, BatchStatus.BATCH_STATUS_EXPIRED, List.of());
    } else if (kept.run().finished()) {
      end(kept, BatchStatus.BATCH_STATUS_COMPLETED, List.of());
    } else {
      for (JobMaker.Made made : kept.run().next()) {
        outbox.sendBulk(
            made.base(),
            made.job(),
            failure -> {
              if (failure != null) {
                LOG.warnf(
                    "event=batch.unsent request_id=%s cause=\"%s\"",
                    made.job().getRequestId(), failure);
                unsent.add(made.job().getRequestId());
              }
            });
      }
      if (clock.millis() - kept.writtenAtMs() > BETWEEN_PROGRESS.toMillis()) {
        write(kept.run().progress().setStatus(BatchStatus.BATCH_STATUS_IN_PROGRESS), kept);
      }
    }
  }

  private void giveUp(KeptBatch kept, String reason) {
    for (String requestId : kept.run().out()) {
      outbox.cancel(requestId, reason, Instant.ofEpochMilli(kept.run().record().getExpiresAtMs()));
    }
    kept.run().giveUp(reason);
  }

  private void end(KeptBatch kept, BatchStatus status, List<BatchError> errors) {
    BatchRecord.Builder end =
        kept.run().progress().setStatus(status).setEndedAtMs(clock.millis()).addAllErrors(errors);
    try {
      kept.store(files, end);
    } catch (RefusedException | IOException e) {
      end.setStatus(BatchStatus.BATCH_STATUS_FAILED)
          .addErrors(
              BatchError.newBuilder()
                  .setMessage("The answers could not be stored: " + e.getMessage()));
    }
    write(end, kept);
    runs.remove(kept.run().record().getId());
    kept.close();
  }

  private void write(BatchRecord.Builder batch, KeptBatch kept) {
    long now = clock.millis();
    BatchRecord record =
        batch.setMinReader(1).setStartedAtMs(kept.startedAtMs()).setAtMs(now).build();
    kept.written(now);
    fold.apply(record);
    send(record);
  }

  private void send(BatchRecord record) {
    outbox.send(
        record,
        failure -> {
          if (failure != null) {
            LOG.warnf("event=batch.unwritten batch=%s cause=\"%s\"", record.getId(), failure);
          }
        });
  }

  /** Another gateway keeps the batches now. */
  private void leave() {
    keeping = false;
    folded = false;
    runs.values().forEach(KeptBatch::close);
    runs.clear();
    closeResults();
  }

  private void closeResults() {
    Consumer<byte[], byte[]> own = results;
    results = null;
    if (own != null) {
      own.close();
    }
  }

  @Override
  public void close() {
    super.close();
    leave();
  }
}
