package dev.unmask.kafka;

import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What keeps one client from Kafka just now. A client that tries again and again says each trouble
 * once. Thread-safe.
 */
public final class TroubleLog {

  private final KafkaAccess access;
  private final Consumer<String> log;
  private volatile @Nullable KafkaTrouble now;

  /**
   * @param log hears a sentence whenever it is another one than before
   */
  public TroubleLog(KafkaAccess access, Consumer<String> log) {
    this.access = access;
    this.log = log;
  }

  /** It did not work, once more or for the first time. */
  public void failed(Throwable failure) {
    KafkaTrouble before = now;
    KafkaTrouble trouble = KafkaTrouble.of(access, failure);
    now = trouble;
    if (before == null || !before.sentence().equals(trouble.sentence())) {
      log.accept(trouble.sentence());
    }
  }

  /** It works; the next failure is news again. */
  public void well() {
    if (now != null) {
      now = null;
    }
  }

  /** What is wrong, in words that give nothing away; empty when nothing is. */
  public Optional<String> brief() {
    return Optional.ofNullable(now).map(KafkaTrouble::brief);
  }
}
