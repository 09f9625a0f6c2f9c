package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.JobOutbox;
import dev.unmask.gateway.flow.batches.BatchOutbox;
import dev.unmask.gateway.flow.finetuning.CommandOutbox;
import dev.unmask.gateway.flow.jobs.JobOutlet;
import dev.unmask.gateway.flow.release.AliasOutbox;
import dev.unmask.kafka.LastingProducer;
import dev.unmask.proto.Headers;
import dev.unmask.proto.Topics;
import dev.unmask.store.release.AliasMove;
import dev.unmask.v1.AuditRecord;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.CancelGeneration;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.GenerationControl;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.JobRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's one producer. Methods return at once from any thread; the {@link Sent} callbacks
 * run on a client thread.
 */
public final class KafkaOutbox
    implements JobOutbox, CommandOutbox, AliasOutbox, BatchOutbox, JobOutlet, AutoCloseable {

  private static final Logger LOG = Logger.getLogger(KafkaOutbox.class);

  private final Supplier<@Nullable ReplyAddress> replies;
  private final Consumer<Duration> produceLatency;
  private final LastingProducer<byte[], byte @Nullable []> producer;
  private final ExecutorService senders =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("kafka-send-", 0).factory());

  /**
   * @param replies this gateway's reply address, null until it is known
   * @param produceLatency hears how long each record took to be acknowledged
   */
  public KafkaOutbox(
      KafkaSettings settings,
      Supplier<@Nullable ReplyAddress> replies,
      Consumer<Duration> produceLatency) {
    this.replies = replies;
    this.produceLatency = produceLatency;
    this.producer = new LastingProducer<>(() -> new KafkaProducer<>(settings.producer()));
  }

  /** Builds the producer, which takes a while. Once, before the first send, on no event loop. */
  public void start() {
    producer.prepare();
  }

  @Override
  public void send(String base, GenerationJob job, @Nullable String traceparent, Sent sent) {
    ReplyAddress address = replies.get();
    if (address == null) {
      sent.done(new IllegalStateException("the reply partition is not known yet"));
      return;
    }
    ProducerRecord<byte[], byte @Nullable []> record =
        record(Topics.interactiveRequests(base), job.getRequestId(), job.toByteArray());
    record.headers().add(Headers.REPLY_TOPIC, bytes(address.topic()));
    record.headers().add(Headers.REPLY_PARTITION, address.partitionBytes());
    record.headers().add(Headers.REPLY_INSTANCE, bytes(address.instance()));
    trace(record, traceparent);
    send(record, sent);
  }

  @Override
  public void cancel(String requestId, String reason, Instant rememberUntil) {
    cancel(requestId, reason, rememberUntil, "");
  }

  @Override
  public void cancel(String requestId, String reason, Instant rememberUntil, String tenant) {
    GenerationControl control =
        GenerationControl.newBuilder()
            .setMinReader(1)
            .setRequestId(requestId)
            .setCancel(
                CancelGeneration.newBuilder()
                    .setReason(reason)
                    .setTenant(tenant)
                    .setRememberUntilMs(rememberUntil.toEpochMilli()))
            .build();
    send(
        record(Topics.CONTROL, requestId, control.toByteArray()),
        failure -> {
          if (failure != null) {
            LOG.warnf("event=cancel.lost request_id=%s cause=\"%s\"", requestId, failure);
          }
        });
  }

  @Override
  public void send(FineTuneCommand command, @Nullable String traceparent, Sent sent) {
    ProducerRecord<byte[], byte @Nullable []> record =
        record(Topics.FINETUNE_COMMANDS, command.getJobId(), command.toByteArray());
    trace(record, traceparent);
    send(record, sent);
  }

  @Override
  public void move(AliasMove move) throws IOException {
    awaitSent(
        record(
            Topics.ALIASES,
            move.model() + "/" + move.alias(),
            AliasRecords.record(move).toByteArray()));
  }

  @Override
  public void withdraw(String model, String digest) throws IOException {
    awaitSent(new ProducerRecord<>(Topics.CHECKPOINTS, bytes(model + "/" + digest), null));
  }

  /** Sends a record and waits until the broker has it. */
  private void awaitSent(ProducerRecord<byte[], byte @Nullable []> record) throws IOException {
    CompletableFuture<@Nullable Exception> sent = new CompletableFuture<>();
    send(record, sent::complete);
    Exception failure = sent.join();
    if (failure != null) {
      throw new IOException(failure.getMessage(), failure);
    }
  }

  @Override
  public void send(BatchRecord batch, Sent sent) {
    send(record(Topics.BATCHES, batch.getId(), batch.toByteArray()), sent);
  }

  @Override
  public void send(JobRecord record, Sent sent) {
    send(record(Topics.JOBS, record.getJobId(), record.toByteArray()), sent);
  }

  @Override
  public void request(
      String base, boolean bulk, GenerationJob job, @Nullable String traceparent, Sent sent) {
    ProducerRecord<byte[], byte @Nullable []> record =
        record(
            bulk ? Topics.bulkRequests(base) : Topics.interactiveRequests(base),
            job.getRequestId(),
            job.toByteArray());
    record.headers().add(Headers.REPLY_TOPIC, bytes(Topics.JOB_REPLIES));
    trace(record, traceparent);
    send(record, sent);
  }

  /** Tells operators; a record that is lost is said in the log. */
  public void audit(AuditRecord record) {
    send(
        record(Topics.AUDIT, record.getTenant(), record.toByteArray()),
        failure -> {
          if (failure != null) {
            LOG.warnf(
                "event=audit.lost action=%s outcome=%s cause=\"%s\"",
                record.getAction(), record.getOutcome(), failure.getMessage());
          }
        });
  }

  /** Sends a job that nobody waits for; its answer is on the results topic only. */
  void sendBulk(String base, GenerationJob job, Sent sent) {
    send(record(Topics.bulkRequests(base), job.getRequestId(), job.toByteArray()), sent);
  }

  /** Sends what is still to be sent, at most ten seconds long. */
  @Override
  public void close() {
    senders.shutdown();
    producer.close(Duration.ofSeconds(10));
  }

  private void send(ProducerRecord<byte[], byte @Nullable []> record, Sent sent) {
    long start = System.nanoTime();
    senders.execute(() -> {
      try {
        producer.send(
            record,
            (metadata, failure) -> {
              produceLatency.accept(Duration.ofNanos(System.nanoTime() - start));
              sent.done(failure);
            });
      } catch (RuntimeException e) {
        sent.done(e);
      }
    });
  }

  private static void trace(ProducerRecord<?, ?> record, @Nullable String traceparent) {
    if (traceparent != null) {
      record.headers().add(Headers.TRACEPARENT, bytes(traceparent));
    }
  }

  private static ProducerRecord<byte[], byte @Nullable []> record(
      String topic, String key, byte[] value) {
    return new ProducerRecord<>(topic, bytes(key), value);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
