package dev.unmask.sampler.presence;

import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.messaging.TopicTail;
import dev.unmask.sampler.models.DrainTurn;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A worker's place in the {@link DrainQueue}: it asks with its heartbeat and reads the others'.
 * They are read from when it first asks, because where models fit beside each other nobody ever
 * does. Thread-safe.
 */
public final class DrainTurns implements DrainTurn, AutoCloseable {

  private static final Logger LOG = Logger.getLogger(DrainTurns.class);

  private final KafkaSettings kafka;
  private final DrainQueue queue;
  private final Runnable beat;
  private final Clock clock;

  // Guarded by this.
  private @Nullable TopicTail tail;
  private @Nullable Runnable waiting;
  private long since;
  private long lastSince;

  /**
   * @param beat has the next heartbeat written now
   */
  public DrainTurns(KafkaSettings kafka, String base, Runnable beat, Clock clock) {
    this.kafka = kafka;
    this.queue = new DrainQueue(base);
    this.beat = beat;
    this.clock = clock;
  }

  /** For the heartbeat: since when this worker asks, or drains; 0 when it does neither. */
  public synchronized long since() {
    return since;
  }

  @Override
  public void ask(Runnable granted) {
    synchronized (this) {
      // Never a value that an earlier asking had.
      since = Math.max(clock.millis(), lastSince + 1);
      lastSince = since;
      waiting = granted;
      if (tail == null) {
        tail = new TopicTail(kafka, "workers-reader", Set.of(Topics.WORKERS), this::read);
        tail.start();
      }
    }
    LOG.infof("event=asks-to-drain");
    beat.run();
  }

  @Override
  public void end() {
    synchronized (this) {
      since = 0;
      waiting = null;
    }
    beat.run();
  }

  /** Reads no more. */
  @Override
  public void close() {
    TopicTail open;
    synchronized (this) {
      open = tail;
      waiting = null;
    }
    if (open != null) {
      open.close();
    }
  }

  private void read(ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    byte[] value = found.value();
    if (value == null) {
      return;
    }
    try {
      queue.apply(WorkerStatus.parseFrom(value), found.offset());
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      LOG.debugf("topic=%s offset=%d event=malformed", found.topic(), found.offset());
      return;
    }
    Runnable granted = null;
    synchronized (this) {
      if (waiting != null && queue.mayDrain(kafka.worker(), since, clock.millis())) {
        granted = waiting;
        waiting = null;
      }
    }
    if (granted != null) {
      LOG.infof("event=drains");
      granted.run();
    }
  }
}
