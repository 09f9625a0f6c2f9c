package dev.unmask.gateway.messaging;

import dev.unmask.kafka.TroubleLog;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
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
  private static final Duration CLOSE = Duration.ofSeconds(5);
  protected static final Duration POLL = Duration.ofMillis(500);
  protected static final Duration REACH = Duration.ofSeconds(3);

  private final KafkaSettings settings;
  private final String role;
  private final Thread thread;
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile @Nullable Consumer<byte[], byte[]> consumer;
  private final TroubleLog trouble;

  ReaderThread(KafkaSettings settings, String role) {
    this.settings = settings;
    this.role = role;
    this.trouble =
        new TroubleLog(
            settings.access(),
            sentence -> LOG.warnf("event=reader.retry role=%s cause=\"%s\"", role, sentence));
    this.thread = Thread.ofPlatform().daemon().name(role).unstarted(this::run);
  }

  /** Begins to read. Once. */
  public void start() {
    thread.start();
  }

  public boolean isAlive() {
    return thread.isAlive();
  }

  /** What keeps this reader from Kafka, in words that give nothing away. Any thread. */
  public Optional<String> trouble() {
    return trouble.brief();
  }

  /** How this thread's consumer is set up. */
  Map<String, Object> consumerConfig() {
    return settings.consumer(role);
  }

  static Consumer<byte[], byte[]> newConsumer(Map<String, Object> config) {
    return new KafkaConsumer<>(config);
  }

  /** Assigns partitions and positions. Reader thread; may block for {@link #REACH}. */
  abstract void connect(Consumer<byte[], byte[]> consumer);

  /** One poll and what follows from it. Reader thread. */
  abstract void round(Consumer<byte[], byte[]> consumer);

  /** The consumer has failed; whatever {@link #connect} reached no longer holds. */
  abstract void disconnected();

  @Override
  public void close() {
    closing.countDown();
    Consumer<byte[], byte[]> now = consumer;
    if (now != null) {
      now.wakeup();
    }
    try {
      if (!thread.join(CLOSE)) {
        LOG.warnf("event=reader.stuck role=%s", role);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closed()) {
      Consumer<byte[], byte[]> own = null;
      try {
        own = newConsumer(consumerConfig());
        consumer = own;
        connect(own);
        trouble.well();
        while (!closed()) {
          round(own);
        }
      } catch (WakeupException e) {
        // Only close() wakes this thread; the loop ends.
        LOG.debugf("event=reader.closed role=%s", role);
      } catch (KafkaException e) {
        disconnected();
        trouble.failed(e);
      } finally {
        consumer = null;
        if (own != null) {
          own.close(CloseOptions.timeout(Duration.ofSeconds(1)));
        }
      }
      pause();
    }
  }

  private boolean closed() {
    return closing.getCount() == 0;
  }

  private void pause() {
    try {
      var unused = closing.await(RETRY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
    }
  }
}
