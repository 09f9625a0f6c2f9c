package dev.unmask.sampler.presence;

import dev.unmask.kafka.TroubleLog;
import dev.unmask.proto.Headers;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.RecordWriter;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Writes the worker's status every few seconds and at once when its state changes. Thread-safe.
 *
 * <p>States only move forward: STARTING, READY, DRAINING, STOPPED.
 */
public final class Heartbeat implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Heartbeat.class);

  private final RecordWriter writer;
  private final Supplier<WorkerStatus> facts;
  private final Duration every;
  private final Clock clock;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("heartbeat").factory());
  private volatile WorkerState state = WorkerState.WORKER_STATE_STARTING;
  private final TroubleLog trouble;
  private volatile @Nullable Instant acknowledged;

  /**
   * @param facts everything but state and time; called on the heartbeat's thread
   */
  public Heartbeat(RecordWriter writer, Supplier<WorkerStatus> facts, Duration every, Clock clock) {
    this.writer = writer;
    this.facts = facts;
    this.every = every;
    this.clock = clock;
    this.trouble =
        writer.troubles(sentence -> LOG.warnf("event=heartbeat-failed reason=\"%s\"", sentence));
  }

  public void start() {
    var ignored =
        thread.scheduleWithFixedDelay(this::beat, 0, every.toMillis(), TimeUnit.MILLISECONDS);
  }

  public WorkerState state() {
    return state;
  }

  /** Moves on to {@code next} and says so now; without effect when the worker is already there. */
  public void enter(WorkerState next) {
    synchronized (this) {
      if (next.getNumber() <= state.getNumber()) {
        return;
      }
      state = next;
    }
    LOG.infof("event=state state=%s", next);
    thread.execute(this::beat);
  }

  /** Says how the worker stands now, before it is time to. */
  public void beatNow() {
    try {
      thread.execute(this::beat);
    } catch (java.util.concurrent.RejectedExecutionException e) {
      LOG.debugf("event=heartbeat-over");
    }
  }

  /** Whether the broker acknowledged a heartbeat lately: a sign that Kafka can be reached. */
  public boolean heard() {
    Instant last = acknowledged;
    return last != null && last.plus(every.multipliedBy(5)).isAfter(clock.instant());
  }

  /** What keeps heartbeats from the brokers, in words that give nothing away. */
  public Optional<String> trouble() {
    return trouble.brief();
  }

  /** Says STOPPED as the last word. */
  @Override
  public void close() {
    enter(WorkerState.WORKER_STATE_STOPPED);
    thread.shutdown();
    try {
      if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void beat() {
    try {
      WorkerStatus status =
          facts.get().toBuilder()
              .setMinReader(MinReader.ANY)
              .setState(state)
              .setAtMs(clock.millis())
              .build();
      var ignored =
          writer
              .write(
                  Topics.WORKERS,
                  null,
                  status.getWorker(),
                  status.toByteArray(),
                  Map.of(Headers.CONTENT_TYPE, Headers.PROTOBUF))
              .whenComplete((written, failure) -> {
                if (failure == null) {
                  acknowledged = clock.instant();
                  trouble.well();
                } else {
                  trouble.failed(failure);
                }
              });
    } catch (RuntimeException e) {
      // The next beat must come whatever went wrong with this one.
      LOG.warnf("event=heartbeat-failed reason=\"%s\"", e.toString());
    }
  }
}
