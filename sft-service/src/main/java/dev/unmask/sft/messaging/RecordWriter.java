package dev.unmask.sft.messaging;

import com.google.protobuf.Message;
import dev.unmask.kafka.KafkaTrouble;
import dev.unmask.kafka.LastingProducer;
import dev.unmask.proto.Headers;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The service's one producer; values are protobuf. Thread-safe. */
public final class RecordWriter implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(RecordWriter.class);
  private static final Duration CLOSING = Duration.ofSeconds(5);

  private final KafkaSettings settings;
  private final LastingProducer<String, byte[]> producer;

  public RecordWriter(KafkaSettings settings) {
    this.settings = settings;
    this.producer = new LastingProducer<>(() -> new KafkaProducer<>(settings.producer()));
  }

  /**
   * Writes and waits for the broker's word.
   *
   * @throws IOException when the broker does not take it in time
   */
  public void write(String topic, String key, Message value) throws IOException {
    write(topic, key, value, null);
  }

  /**
   * The same with the span that it is a part of.
   *
   * @param traceparent null when none is recorded
   */
  public void write(String topic, String key, Message value, @Nullable String traceparent)
      throws IOException {
    ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, key, value.toByteArray());
    if (traceparent != null) {
      record.headers().add(Headers.TRACEPARENT, traceparent.getBytes(StandardCharsets.UTF_8));
    }
    try {
      var unused = producer.send(record).get();
    } catch (ExecutionException e) {
      KafkaTrouble why = KafkaTrouble.of(settings.access(), e);
      throw new IOException("Kafka did not take a record for " + topic + ": " + why.sentence(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while writing to " + topic);
    }
  }

  /** Writes without waiting; a failure is logged. */
  public void offer(String topic, String key, Message value) {
    producer.send(
        new ProducerRecord<>(topic, key, value.toByteArray()),
        (metadata, failure) -> {
          if (failure != null) {
            LOG.warnf(
                "topic=%s key=%s event=write-failed reason=\"%s\"",
                topic, key, failure.getMessage());
          }
        });
  }

  @Override
  public void close() {
    producer.close(CLOSING);
  }
}
