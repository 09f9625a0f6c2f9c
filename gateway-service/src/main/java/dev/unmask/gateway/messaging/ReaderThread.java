package dev.unmask.gateway.messaging;

import java.time.Duration;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A thread with a consumer that lives as long as the gateway: when the consumer fails (the brokers
 * are not up yet, a topic is missing) it says so once and begins again.
 */
abstract class ReaderThread implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(ReaderThread.class);
  private static final Duration RETRY = Duration.ofMillis(500);
  protected static final Duration POLL = Duration.ofMillis(500);
  protected static final Duration REACH = Duration.ofSeconds(3);

  private final KafkaSettings settings;
  private final String role;
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable Consumer<byte[], byte[]> consumer;
  private String lastComplaint = "";

  ReaderThread(KafkaSettings settings, String role) {
    this.settings = settings;
    this.role = role;
    this.thread = Thread.ofPlatform().daemon().name(role).unstarted(this::run);
  }

  /** Begins to read. Once. */
  public void start() {
    thread.start();
  }

  public boolean isAlive() {
    return thread.isAlive();
  }

  /** Assigns partitions and positions. Reader thread; may block for {@link #REACH}. */
  abstract void connect(Consumer<byte[], byte[]> consumer);

  /** One poll and what follows from it. Reader thread. */
  abstract void round(Consumer<byte[], byte[]> consumer);

  /** The consumer has failed; whatever {@link #connect} reached no longer holds. */
  abstract void disconnected();

  @Override
  public void close() {
    closed = true;
    Consumer<byte[], byte[]> now = consumer;
    if (now != null) {
      now.wakeup();
    }
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closed) {
      try (Consumer<byte[], byte[]> own = new KafkaConsumer<>(settings.consumer(role))) {
        consumer = own;
        connect(own);
        lastComplaint = "";
        while (!closed) {
          round(own);
        }
      } catch (WakeupException | org.apache.kafka.common.errors.InterruptException e) {
        // Only close() wakes or interrupts this thread.
        if (!closed) {
          LOG.warnf("event=reader.woken role=%s", role);
        }
      } catch (KafkaException e) {
        disconnected();
        complain(e);
        pause();
      } finally {
        consumer = null;
      }
    }
  }

  private void complain(KafkaException e) {
    String complaint = String.valueOf(e.getMessage());
    if (!complaint.equals(lastComplaint)) {
      lastComplaint = complaint;
      LOG.warnf("event=reader.retry role=%s cause=\"%s\"", role, complaint);
    }
  }

  private void pause() {
    try {
      Thread.sleep(RETRY);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
