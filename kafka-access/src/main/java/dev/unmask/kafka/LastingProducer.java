package dev.unmask.kafka;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/**
 * A producer that lasts as long as its service. Kafka's idempotent producer never sends again once
 * its login was refused, even when the brokers would let it in by now; this one is made anew with
 * the next record. Thread-safe.
 *
 * @param <K> of keys
 * @param <V> of values
 */
public final class LastingProducer<K extends @Nullable Object, V extends @Nullable Object>
    implements AutoCloseable {

  /** Nothing that is closed because of a refusal has records that could still be sent. */
  private static final Duration AT_ONCE = Duration.ZERO;

  private final Supplier<Producer<K, V>> made;
  private @Nullable One current; // guarded by this
  private boolean closed; // guarded by this

  /**
   * @param made makes a producer; called with the first record and after each refusal
   */
  public LastingProducer(Supplier<Producer<K, V>> made) {
    this.made = made;
  }

  /**
   * Makes the producer now, which takes a while, and not with the first record. When it cannot be
   * made the first record hears why.
   */
  public void prepare() {
    try {
      One unused = current();
    } catch (KafkaException e) {
      // As told: whoever sends, tries again.
    }
  }

  /**
   * Sends a record; blocks for as long as the producer does. The callback hears of every failure,
   * also of those that the producer throws.
   */
  public void send(ProducerRecord<K, V> sent, Callback callback) {
    One one;
    try {
      one = current();
    } catch (KafkaException | IllegalStateException e) {
      callback.onCompletion(null, e);
      return;
    }
    try {
      var unused =
          one.producer.send(
              sent,
              (metadata, failure) -> {
                if (failure != null && isFinal(failure)) {
                  one.giveUp();
                }
                callback.onCompletion(metadata, failure);
              });
    } catch (KafkaException | IllegalStateException | IllegalArgumentException e) {
      if (isFinal(e)) {
        one.giveUp();
      }
      callback.onCompletion(null, e);
    }
  }

  /** Sends a record; the future completes when the brokers have acknowledged it. */
  public CompletableFuture<RecordMetadata> send(ProducerRecord<K, V> sent) {
    CompletableFuture<RecordMetadata> done = new CompletableFuture<>();
    send(
        sent,
        (metadata, failure) -> {
          if (failure != null) {
            done.completeExceptionally(failure);
          } else {
            done.complete(metadata);
          }
        });
    return done;
  }

  /** Sends what is still to be sent, for at most so long. */
  public void close(Duration patience) {
    One last;
    synchronized (this) {
      closed = true;
      last = current;
      current = null;
    }
    if (last != null) {
      last.producer.close(patience);
    }
  }

  @Override
  public void close() {
    close(Duration.ofSeconds(5));
  }

  private synchronized One current() {
    if (closed) {
      throw new IllegalStateException("the producer is closed");
    }
    One now = current;
    if (now == null) {
      now = new One(made.get());
      current = now;
    }
    return now;
  }

  private synchronized void forget(One one) {
    if (current == one) {
      current = null;
    }
  }

  /**
   * Whether the producer may never send again: a refused login, or the bare exception by which it
   * says that it has failed for good. A record that is too large, or a topic that is forbidden, is
   * the record's own trouble.
   */
  private static boolean isFinal(Exception failure) {
    return failure instanceof AuthenticationException
        || failure.getCause() instanceof AuthenticationException
        || (failure.getClass() == KafkaException.class
            && !(failure.getCause() instanceof RetriableException)
            && !(failure.getCause() instanceof AuthorizationException));
  }

  /** One of the producers of this object's life. */
  private final class One {

    private final Producer<K, V> producer;
    private final AtomicBoolean given = new AtomicBoolean();

    One(Producer<K, V> producer) {
      this.producer = producer;
    }

    /** Closes on a thread of its own: this may be the producer's, which cannot wait for itself. */
    void giveUp() {
      if (given.compareAndSet(false, true)) {
        forget(this);
        Thread unused =
            Thread.ofPlatform()
                .daemon()
                .name("close-producer")
                .start(() -> producer.close(AT_ONCE));
      }
    }
  }
}
