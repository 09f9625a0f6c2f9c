package dev.unmask.sampler.intake;

import com.google.protobuf.ByteString;
import dev.unmask.proto.Headers;
import dev.unmask.sampler.events.EventSender;
import dev.unmask.sampler.events.ReplyAddress;
import dev.unmask.sampler.events.RequestStream;
import dev.unmask.sampler.schedule.GenerationRun;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.sampler.schedule.Scheduler;
import dev.unmask.sampler.schedule.StopReason;
import dev.unmask.sampler.tracing.RequestTrace;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.DeadLetter;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One slot: takes a request, sees it to its terminal event, accepts it, takes the next.
 *
 * <p>It asks the broker only while it has the {@link PollTurn} and the worker has {@link Room}, and
 * hands the turn on as soon as it holds a record. Its consumer is made with its first turn and kept
 * while the slot waits: such a consumer has no fetch open, because one that was given a record
 * fetches no more until the next poll.
 *
 * <p>A request is accepted only after its terminal event is acknowledged on the results and the
 * reply topic. When the lock cannot be renewed or an event cannot be written, the slot abandons the
 * request: the engine drops it, no terminal event is written, and the consumer is closed, which
 * gives back whatever lock is left; the request is delivered again.
 */
final class RequestSlot implements Runnable {

  /** What a slot needs besides its place; shared by all slots of a worker. */
  record Desk(
      RequestReader reader,
      Room room,
      Scheduler scheduler,
      EventSender events,
      SlotObserver observer,
      Drain drain,
      Duration renewEvery,
      String worker,
      Tracing tracing,
      Clock clock) {}

  private static final Logger LOG = Logger.getLogger(RequestSlot.class);

  /**
   * Long, because a record that arrives just between two polls comes with a second fetch: the
   * client asks for more at the beginning of a poll, before it sees what the last one brought.
   */
  private static final Duration POLL = Duration.ofSeconds(5);

  private static final Duration ROOM = Duration.ofMillis(5);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration CLOSE = Duration.ofSeconds(2);

  private final String name;
  private final Set<String> topics;
  private final PollTurn turn;
  private final Supplier<ShareConsumer<@Nullable String, byte @Nullable []>> consumers;
  private final Desk desk;

  /** This thread only; null until the first turn and after a failure. */
  private @Nullable ShareConsumer<@Nullable String, byte @Nullable []> consumer;

  /** The consumer while it polls for a request, for whoever has to wake it. */
  private volatile @Nullable ShareConsumer<?, ?> polling;

  RequestSlot(
      String name,
      Set<String> topics,
      PollTurn turn,
      Supplier<ShareConsumer<@Nullable String, byte @Nullable []>> consumers,
      Desk desk) {
    this.name = name;
    this.topics = topics;
    this.turn = turn;
    this.consumers = consumers;
    this.desk = desk;
  }

  @Override
  public void run() {
    try {
      while (turn.take(consumer != null)) {
        HeldRecord held = take();
        if (held != null && !serve(held)) {
          closeConsumer();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      closeConsumer();
    }
    LOG.debugf("slot=%s event=closed", name);
  }

  /** Ends a poll for requests that is under way; call it when the drain has begun. Any thread. */
  void stopPolling() {
    ShareConsumer<?, ?> busy = polling;
    if (busy != null) {
      busy.wakeup();
    }
  }

  /** Uses the turn: waits for a request and hands the turn on; null when the worker drains. */
  private @Nullable HeldRecord take() throws InterruptedException {
    try {
      while (!desk.drain().begun()) {
        if (!desk.room().forOneMore()) {
          Thread.sleep(ROOM);
          continue;
        }
        try {
          HeldRecord held = poll();
          if (held != null) {
            return held;
          }
        } catch (WakeupException e) {
          LOG.debugf("slot=%s event=woken", name);
        } catch (RuntimeException e) {
          // Whatever it was, the worker must not lose a slot, nor its turn: the next slot would
          // fail as well.
          consumerFailed(e);
          closeConsumer();
          pause();
        }
      }
      return null;
    } finally {
      turn.handOn();
    }
  }

  private @Nullable HeldRecord poll() {
    var using = consumer;
    if (using == null) {
      using = consumers.get();
      consumer = using;
      using.subscribe(topics);
    }
    polling = using;
    try {
      // Looked at after the consumer can be woken, so that a drain that begins now is not missed.
      if (desk.drain().begun()) {
        return null;
      }
      Instant asked = desk.clock().instant();
      for (ConsumerRecord<@Nullable String, byte @Nullable []> taken : using.poll(POLL)) {
        return new HeldRecord(using, taken, asked); // max.poll.records is 1
      }
      return null;
    } finally {
      polling = null;
    }
  }

  /** False when the consumer has to be replaced. */
  private boolean serve(HeldRecord held) {
    if (desk.drain().begun()) {
      return held.release();
    }
    desk.observer().taken(RequestReader.attempt(held.taken()));
    try {
      return handle(held);
    } catch (RuntimeException e) {
      // The record goes back when the consumer is closed.
      consumerFailed(e);
      return false;
    } finally {
      desk.observer().freed();
    }
  }

  private boolean handle(HeldRecord held) {
    return switch (desk.reader().read(held.taken(), held.waited())) {
      case ReadRequest.Runs runs -> run(held, runs.job(), runs.reply());
      case ReadRequest.Refused refused -> {
        LOG.infof(
            "request=%s slot=%s event=refused field=%s reason=\"%s\"",
            refused.requestId(), name, refused.field(), refused.message());
        GenerationFailed failed =
            GenerationFailed.newBuilder()
                .setCode(refused.code())
                .setField(refused.field())
                .setMessage(refused.message())
                .build();
        yield settle(held, terminal(held, refused.requestId(), refused.reply(), failed));
      }
      case ReadRequest.Poison poison -> bury(held, poison);
      case ReadRequest.TooNew tooNew -> {
        LOG.warnf(
            "request=%s slot=%s event=released reason=\"needs a reader of version %d\"",
            tooNew.requestId(), name, tooNew.needed());
        pause();
        yield held.release();
      }
    };
  }

  private boolean run(HeldRecord held, RequestedJob job, ReplyAddress reply) {
    LOG.infof(
        "request=%s attempt=%d slot=%s event=taken topic=%s offset=%d",
        job.requestId(), job.attempt(), name, held.taken().topic(), held.taken().offset());
    RequestTrace trace =
        RequestTrace.begin(
            desk.tracing(),
            RequestReader.header(held.taken(), Headers.TRACEPARENT),
            job,
            held.taken().timestamp());
    RequestStream stream = desk.events().stream(job, reply.within(trace.traceparent()));
    GenerationRun run = desk.scheduler().start(job, trace.over(stream));
    CompletableFuture<Void> done =
        run.outcome().thenCompose(outcome -> trace.reply(() -> stream.finish(outcome)));
    boolean kept = hold(held, done, run);
    if (!kept) {
      run.stop(new StopReason.LostHold());
    }
    Outcome outcome = run.outcome().getNow(new Outcome.Abandoned());
    boolean written = kept && !(outcome instanceof Outcome.Abandoned);
    trace.end(written ? outcome : new Outcome.Abandoned());
    // The weights and their tokenizer are in use until the sender has drained this attempt.
    var ignored =
        (written ? CompletableFuture.<Void>completedFuture(null) : stream.abandon())
            .whenComplete((nothing, failure) -> run.close());
    if (!written) {
      LOG.warnf(
          "request=%s attempt=%d slot=%s event=abandoned", job.requestId(), job.attempt(), name);
      return false;
    }
    LOG.infof(
        "request=%s attempt=%d slot=%s event=done outcome=%s",
        job.requestId(), job.attempt(), name, outcome.getClass().getSimpleName());
    return held.accept();
  }

  private boolean bury(HeldRecord held, ReadRequest.Poison poison) {
    ConsumerRecord<@Nullable String, byte @Nullable []> taken = held.taken();
    LOG.warnf(
        "request=%s slot=%s event=dead-letter label=%s reason=\"%s\"",
        poison.requestId(), name, poison.label(), poison.message());
    byte[] value = taken.value();
    DeadLetter.Builder letter =
        DeadLetter.newBuilder()
            .setRequestId(poison.requestId() == null ? "" : poison.requestId())
            .setReason(poison.message())
            .setRecordValue(value == null ? ByteString.EMPTY : ByteString.copyFrom(value))
            .setTopic(taken.topic())
            .setPartition(taken.partition())
            .setOffset(taken.offset())
            .setDeliveries(RequestReader.attempt(taken));
    taken
        .headers()
        .forEach(header ->
            letter.putRecordHeaders(
                header.key(),
                header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8)));
    CompletableFuture<Void> buried = desk.events().deadLetter(letter.build(), poison.label());
    String requestId = poison.requestId();
    if (requestId == null) {
      return settle(held, buried);
    }
    GenerationFailed failed =
        GenerationFailed.newBuilder().setCode(poison.code()).setMessage(poison.message()).build();
    return settle(
        held, buried.thenCompose(written -> terminal(held, requestId, poison.reply(), failed)));
  }

  private CompletableFuture<Void> terminal(
      HeldRecord held, String requestId, ReplyAddress reply, GenerationFailed failed) {
    return desk.events()
        .terminal(
            GenerationEvent.newBuilder()
                .setRequestId(requestId)
                .setAttempt(RequestReader.attempt(held.taken()))
                .setWorker(desk.worker())
                .setFailed(failed)
                .build(),
            reply);
  }

  private boolean settle(HeldRecord held, CompletableFuture<Void> written) {
    return hold(held, written, null) && held.accept();
  }

  /**
   * Waits for {@code done} and keeps the lock meanwhile.
   *
   * @return false when the lock was lost, something could not be written, or draining took too long
   */
  private boolean hold(HeldRecord held, CompletableFuture<Void> done, @Nullable GenerationRun run) {
    Instant renewAt = desk.clock().instant().plus(desk.renewEvery());
    while (true) {
      Instant now = desk.clock().instant();
      Instant wake = earlier(renewAt, desk.drain().end());
      boolean late = run != null && !now.isBefore(run.job().deadline());
      if (run != null && late) {
        run.stop(new StopReason.DeadlinePassed());
      } else if (run != null) {
        wake = earlier(wake, run.job().deadline());
      }
      try {
        // At most a second at a time: a drain may begin meanwhile.
        long millis = Math.clamp(Duration.between(now, wake).toMillis(), 1, 1_000);
        done.get(millis, TimeUnit.MILLISECONDS);
        return true;
      } catch (TimeoutException e) {
        if (!desk.clock().instant().isBefore(desk.drain().end())) {
          desk.observer().abandoned("drain");
          return false;
        }
        if (!desk.clock().instant().isBefore(renewAt)) {
          if (!held.renew()) {
            desk.observer().abandoned("lock-lost");
            return false;
          }
          renewAt = desk.clock().instant().plus(desk.renewEvery());
        }
      } catch (ExecutionException e) {
        LOG.warnf("slot=%s event=write-failed reason=\"%s\"", name, String.valueOf(e.getCause()));
        desk.observer().abandoned("write-failed");
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  /** What Kafka says needs no trace of the stack; anything else is a mistake of ours. */
  private void consumerFailed(RuntimeException e) {
    if (e instanceof KafkaException) {
      LOG.warnf("slot=%s event=consumer-failed reason=\"%s\"", name, e.getMessage());
    } else {
      LOG.warnf(e, "slot=%s event=consumer-failed reason=\"%s\"", name, e.getMessage());
    }
  }

  private void closeConsumer() {
    var using = consumer;
    consumer = null;
    if (using == null) {
      return;
    }
    try {
      using.close(CLOSE);
    } catch (KafkaException | IllegalStateException e) {
      LOG.debugf("event=close-failed reason=\"%s\"", e.getMessage());
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
