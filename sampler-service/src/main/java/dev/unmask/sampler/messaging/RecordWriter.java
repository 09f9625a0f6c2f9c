package dev.unmask.sampler.messaging;

import dev.unmask.kafka.LastingProducer;
import dev.unmask.kafka.TroubleLog;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The worker's one producer. Thread-safe. A call blocks for at most {@link
 * KafkaSettings#CALL_TIMEOUT_MS} when the broker is gone; futures complete on the producer's own
 * thread.
 */
public final class RecordWriter implements AutoCloseable {

  private final KafkaSettings settings;
  private final LastingProducer<@Nullable String, byte[]> producer;
  private final LongConsumer acknowledgedNanos;

  /**
   * @param acknowledgedNanos told how long each acknowledged record took, in nanoseconds
   */
  public RecordWriter(KafkaSettings settings, LongConsumer acknowledgedNanos) {
    this.settings = settings;
    this.producer = new LastingProducer<>(() -> new KafkaProducer<>(settings.producer()));
    this.acknowledgedNanos = acknowledgedNanos;
  }

  /**
   * Writes a record; the future completes when the broker has acknowledged it.
   *
   * @param partition null lets the key decide
   */
  public CompletableFuture<Void> write(
      String topic,
      @Nullable Integer partition,
      @Nullable String key,
      byte[] value,
      Map<String, String> headers) {
    ProducerRecord<@Nullable String, byte[]> written =
        new ProducerRecord<>(topic, partition, key, value);
    headers.forEach(
        (name, text) -> written.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
    CompletableFuture<Void> acknowledged = new CompletableFuture<>();
    long start = System.nanoTime();
    producer.send(
        written,
        (metadata, failure) -> {
          if (failure != null) {
            acknowledged.completeExceptionally(failure);
          } else {
            acknowledgedNanos.accept(System.nanoTime() - start);
            acknowledged.complete(null);
          }
        });
    return acknowledged;
  }

  /** Remembers and tells, once each, what keeps records from the brokers. */
  public TroubleLog troubles(Consumer<String> log) {
    return new TroubleLog(settings.access(), log);
  }

  /** Waits for what was written, for a bounded time. */
  @Override
  public void close() {
    producer.close(Duration.ofMillis(KafkaSettings.CALL_TIMEOUT_MS));
  }
}
