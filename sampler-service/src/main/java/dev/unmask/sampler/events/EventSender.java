package dev.unmask.sampler.events;

import com.google.protobuf.ByteString;
import dev.unmask.proto.Headers;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.RecordWriter;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.v1.DeadLetter;
import dev.unmask.v1.GenerationEvent;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes events and dead letters on one thread. {@link #stream} and {@link #deadLetter} may be
 * called from any thread and return at once.
 */
public final class EventSender implements AutoCloseable {

  /** A record of this size still fits the brokers' default limit with everything around it. */
  private static final int LARGEST_LETTER = 900_000;

  private final RecordWriter writer;
  private final String worker;
  private final EventObserver observer;
  private final Clock clock;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("event-sender").factory());

  public EventSender(RecordWriter writer, String worker, EventObserver observer, Clock clock) {
    this.writer = writer;
    this.worker = worker;
    this.observer = observer;
    this.clock = clock;
  }

  /** The events of one attempt at a request. */
  public RequestStream stream(RequestedJob job, ReplyAddress reply) {
    return new RequestStream(this, job, reply);
  }

  /**
   * Writes the terminal event of a request that never became a job: results first, then the reply
   * topic. Completes when both have acknowledged.
   */
  public CompletableFuture<Void> terminal(GenerationEvent event, ReplyAddress reply) {
    Map<String, String> headers = headers(reply);
    byte[] value = RecordCodec.encode(event, reply.json());
    return inTurn(() -> writer.write(Topics.RESULTS, null, event.getRequestId(), value, headers))
        .thenComposeAsync(written -> reply(event.getRequestId(), value, reply, headers), thread);
  }

  /** Writes a dead letter; completes when it is acknowledged. */
  public CompletableFuture<Void> deadLetter(DeadLetter letter, String label) {
    DeadLetter.Builder complete =
        letter.toBuilder().setMinReader(MinReader.ANY).setWorker(worker).setAtMs(clock.millis());
    if (letter.getRecordValue().size() > LARGEST_LETTER) {
      complete
          .setRecordValue(ByteString.EMPTY)
          .setReason(
              letter.getReason()
                  + "; the value of "
                  + letter.getRecordValue().size()
                  + " bytes is too large to be kept here");
    }
    return inTurn(() ->
            writer.write(
                Topics.DEAD_LETTERS,
                null,
                letter.getRequestId(),
                complete.build().toByteArray(),
                Map.of(Headers.CONTENT_TYPE, Headers.PROTOBUF)))
        .thenRun(() -> observer.deadLetter(label));
  }

  /** Runs {@code work} on the sender's thread after what was queued before. */
  CompletableFuture<Void> inTurn(Supplier<CompletableFuture<Void>> work) {
    return CompletableFuture.<@Nullable Void>completedFuture(null)
        .thenComposeAsync(nothing -> work.get(), thread);
  }

  String worker() {
    return worker;
  }

  EventObserver observer() {
    return observer;
  }

  Clock clock() {
    return clock;
  }

  ExecutorService thread() {
    return thread;
  }

  /** Sender thread: writes an event that is not terminal. */
  CompletableFuture<Void> reply(GenerationEvent event, ReplyAddress reply) {
    return reply(
        event.getRequestId(), RecordCodec.encode(event, reply.json()), reply, headers(reply));
  }

  private CompletableFuture<Void> reply(
      String requestId, byte[] value, ReplyAddress reply, Map<String, String> headers) {
    return reply.topic() == null
        ? CompletableFuture.completedFuture(null)
        : writer.write(reply.topic(), reply.partition(), requestId, value, headers);
  }

  private static Map<String, String> headers(ReplyAddress reply) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put(Headers.CONTENT_TYPE, reply.json() ? Headers.JSON : Headers.PROTOBUF);
    if (reply.instance() != null) {
      headers.put(Headers.REPLY_INSTANCE, reply.instance());
    }
    if (reply.traceparent() != null) {
      headers.put(Headers.TRACEPARENT, reply.traceparent());
    }
    return headers;
  }

  /** Writes what is queued, for a bounded time. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
