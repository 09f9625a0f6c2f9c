package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.jobs.JobArchive;
import dev.unmask.gateway.flow.jobs.JobPlace;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobRecord;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Reads records again by their place, one caller at a time. */
public final class KafkaJobArchive implements JobArchive, AutoCloseable {

  private static final Duration POLL = Duration.ofSeconds(3);

  private final KafkaSettings settings;
  private @Nullable Consumer<byte[], byte[]> consumer;

  public KafkaJobArchive(KafkaSettings settings) {
    this.settings = settings;
  }

  @Override
  public GenerationEvent end(JobPlace place) throws RefusedException {
    try {
      return JobRecords.event(read(place));
    } catch (MalformedRecordException e) {
      throw broken(e);
    }
  }

  @Override
  public JobRecord asked(JobPlace place) throws RefusedException {
    try {
      return JobRecords.asked(read(place));
    } catch (MalformedRecordException e) {
      throw broken(e);
    }
  }

  private static RefusedException broken(MalformedRecordException e) {
    return new RefusedException(
        Refusal.of(
            ErrorCode.ERROR_CODE_INTERNAL, "The record of this job is broken: " + e.getMessage()));
  }

  private synchronized ConsumerRecord<byte[], byte[]> read(JobPlace place) throws RefusedException {
    Consumer<byte[], byte[]> own = consumer;
    if (own == null) {
      Map<String, Object> config = settings.consumer("job-archive");
      config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
      own = ReaderThread.newConsumer(config);
      consumer = own;
    }
    TopicPartition partition = new TopicPartition(place.topic(), place.partition());
    try {
      own.assign(List.of(partition));
      own.seek(partition, place.offset());
      for (ConsumerRecord<byte[], byte[]> record : own.poll(POLL)) {
        if (record.offset() == place.offset()) {
          return record;
        }
      }
      long first = own.beginningOffsets(List.of(partition), POLL).getOrDefault(partition, 0L);
      if (first > place.offset()) {
        throw new RefusedException(
            Refusal.of(
                ErrorCode.ERROR_CODE_OUT_OF_RANGE,
                "What this job asked or got is no longer kept: it is older than the retention of "
                    + place.topic()
                    + "."));
      }
    } catch (KafkaException e) {
      own.close();
      consumer = null;
    }
    throw new RefusedException(
        Refusal.temporary(
            ErrorCode.ERROR_CODE_UNAVAILABLE,
            "Kafka did not return the record of this job; ask again.",
            Duration.ofSeconds(1)));
  }

  @Override
  public synchronized void close() {
    Consumer<byte[], byte[]> own = consumer;
    consumer = null;
    if (own != null) {
      own.close();
    }
  }
}
