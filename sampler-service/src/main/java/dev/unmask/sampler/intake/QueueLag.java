package dev.unmask.sampler.intake;

import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.KafkaSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * How many requests of a base the brokers hold that no worker has finished, whoever wrote them;
 * those that run are among them. The brokers' count follows what happens by a write or two. Every
 * worker of the base says the same. Asks on a thread of its own; any thread may read.
 */
public final class QueueLag implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(QueueLag.class);

  private final Admin admin;
  private final String group;
  private final Duration every;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("queue-lag").factory());
  private volatile Map<String, Long> lags = Map.of();
  private boolean silent; // the own thread's

  /**
   * @param admin stays its owner's
   * @param every how often the brokers are asked
   */
  public QueueLag(Admin admin, String base, Duration every) {
    this.admin = admin;
    this.group = Topics.samplersGroup(base);
    this.every = every;
  }

  public void start() {
    var ignored =
        thread.scheduleWithFixedDelay(this::ask, 0, every.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Requests of {@code topic} that are not finished; not a number while the brokers do not say, as
   * before the group's first member.
   */
  public double of(String topic) {
    @Nullable Long lag = lags.get(topic);
    return lag == null ? Double.NaN : lag;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void ask() {
    try {
      Map<TopicPartition, SharePartitionOffsetInfo> found =
          admin
              .listShareGroupOffsets(Map.of(group, new ListShareGroupOffsetsSpec()))
              .partitionsToOffsetInfo(group)
              .get(KafkaSettings.CALL_TIMEOUT_MS, TimeUnit.MILLISECONDS);
      Map<String, Long> now = new HashMap<>();
      for (Map.Entry<TopicPartition, SharePartitionOffsetInfo> one : found.entrySet()) {
        // Null before the group's first member has come.
        @Nullable SharePartitionOffsetInfo info = one.getValue();
        if (info != null && info.lag().isPresent()) {
          now.put(one.getKey().topic(), info.lag().get());
        }
      }
      lags = Map.copyOf(now);
      silent = false;
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      lags = Map.of();
      if (!silent) {
        LOG.warnf("event=lag-unknown reason=\"%s\"", e.toString());
      }
      silent = true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
