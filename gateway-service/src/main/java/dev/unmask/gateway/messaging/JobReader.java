package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.jobs.JobPlace;
import dev.unmask.gateway.flow.jobs.JobTable;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobRecord;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads what was asked of jobs, their events and their results, as far back as jobs are known. What
 * was asked comes first, so that every gateway folds the events of a job in the same way. A reader
 * that lost its consumer goes on where it was: an event must not be folded twice.
 */
public final class JobReader extends ReaderThread {

  private static final Logger LOG = Logger.getLogger(JobReader.class);
  private static final List<String> TOPICS =
      List.of(Topics.JOBS, Topics.JOB_REPLIES, Topics.RESULTS);

  /** Ids of jobs, as no other request has them. */
  private static final String PREFIX = "job-";

  private final JobTable table;
  private final Clock clock;
  private final Map<TopicPartition, Long> next = new HashMap<>();
  private Map<TopicPartition, Long> ends = Map.of();
  private boolean askedRead;
  private volatile boolean caughtUp;

  public JobReader(KafkaSettings settings, JobTable table, Clock clock) {
    super(settings, "job-reader");
    this.table = table;
    this.clock = clock;
  }

  /** Whether everything that was there at the start has been read. Any thread. */
  public boolean caughtUp() {
    return caughtUp;
  }

  @Override
  void connect(Consumer<byte[], byte[]> consumer) {
    List<TopicPartition> all = new ArrayList<>();
    for (String topic : TOPICS) {
      List<PartitionInfo> partitions = consumer.partitionsFor(topic, REACH);
      if (partitions == null || partitions.isEmpty()) {
        throw new KafkaException("the topic " + topic + " does not exist yet");
      }
      partitions.forEach(p -> all.add(new TopicPartition(topic, p.partition())));
    }
    consumer.assign(all);
    Map<TopicPartition, Long> endsBefore = consumer.endOffsets(all, REACH);
    if (next.isEmpty()) {
      ends = endsBefore;
      long since = clock.millis() - JobTable.KEPT.toMillis();
      Map<TopicPartition, Long> times = new HashMap<>();
      all.forEach(partition -> times.put(partition, since));
      Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(times, REACH);
      for (TopicPartition partition : all) {
        @Nullable OffsetAndTimestamp first = found.get(partition);
        next.put(
            partition, first == null ? endsBefore.getOrDefault(partition, 0L) : first.offset());
      }
    }
    for (TopicPartition partition : all) {
      consumer.seek(partition, next.getOrDefault(partition, 0L));
    }
    if (!askedRead) {
      consumer.pause(all.stream().filter(p -> !p.topic().equals(Topics.JOBS)).toList());
    }
  }

  @Override
  void round(Consumer<byte[], byte[]> consumer) {
    Duration wait = caughtUp ? POLL : Duration.ofMillis(20);
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
      next.put(new TopicPartition(record.topic(), record.partition()), record.offset() + 1);
      take(record);
    }
    if (!askedRead && reached(consumer, true)) {
      askedRead = true;
      consumer.resume(consumer.paused());
    }
    if (askedRead && !caughtUp && reached(consumer, false)) {
      caughtUp = true;
      LOG.infof("event=jobs.folded partitions=%d", ends.size());
    }
  }

  @Override
  void disconnected() {
    // The table stays; the next consumer goes on where this one was.
  }

  private boolean reached(Consumer<byte[], byte[]> consumer, boolean onlyAsked) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      boolean asked = end.getKey().topic().equals(Topics.JOBS);
      if ((asked || !onlyAsked) && consumer.position(end.getKey(), REACH) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String id = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    if (!id.startsWith(PREFIX) || record.value() == null) {
      return;
    }
    JobPlace place = new JobPlace(record.topic(), record.partition(), record.offset());
    try {
      switch (record.topic()) {
        case Topics.JOBS -> {
          JobRecord word = JobRecords.asked(record);
          if (word.getMinReader() <= RecordCodec.READER_VERSION && word.getJobId().equals(id)) {
            table.apply(word, place);
          }
        }
        case Topics.JOB_REPLIES -> table.event(id, event(record), record.timestamp(), place);
        default -> table.result(id, event(record), record.timestamp(), place);
      }
    } catch (MalformedRecordException e) {
      LOG.warnf(
          "event=job.malformed topic=%s offset=%d cause=\"%s\"",
          record.topic(), record.offset(), e.getMessage());
    } catch (RuntimeException e) {
      // A record that breaks the fold would otherwise stop this gateway, now and after a restart.
      LOG.errorf(e, "event=job.failed topic=%s offset=%d", record.topic(), record.offset());
    }
  }

  private static GenerationEvent event(ConsumerRecord<byte[], byte[]> record)
      throws MalformedRecordException {
    return JobRecords.event(record);
  }
}
