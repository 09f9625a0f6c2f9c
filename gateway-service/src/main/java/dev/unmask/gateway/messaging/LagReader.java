package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.admission.QueueDepth;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.kafka.TroubleLog;
import dev.unmask.proto.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ObjDoubleConsumer;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * Asks the brokers how far the samplers' share groups are behind, so that requests which did not
 * come through this gateway count too. One thread.
 */
public final class LagReader implements QueueDepth, AutoCloseable {

  private static final Logger LOG = Logger.getLogger(LagReader.class);
  private static final Duration BETWEEN = Duration.ofMillis(500);
  private static final int PATIENCE_S = 5;

  private final KafkaSettings settings;
  private final ClusterView cluster;
  private final ToLongFunction<String> own;
  private final ObjDoubleConsumer<String> gauge;
  private final Map<String, Long> lags = new ConcurrentHashMap<>();

  /** By base. */
  private final Map<String, Long> ofOthers = new ConcurrentHashMap<>();

  private final Thread thread;
  private final TroubleLog trouble;

  /**
   * @param own how many records of a base may be this gateway's; asked on this object's thread
   * @param gauge hears the lag of each topic; not a number when the brokers do not say
   */
  public LagReader(
      KafkaSettings settings,
      ClusterView cluster,
      ToLongFunction<String> own,
      ObjDoubleConsumer<String> gauge) {
    this.settings = settings;
    this.cluster = cluster;
    this.own = own;
    this.gauge = gauge;
    this.trouble =
        new TroubleLog(
            settings.access(), sentence -> LOG.warnf("event=lag.unknown cause=\"%s\"", sentence));
    this.thread = Thread.ofPlatform().daemon().name("lag-reader").unstarted(this::run);
  }

  /** Begins to ask. Once. */
  public void start() {
    thread.start();
  }

  @Override
  public long unfinished(String base, boolean bulk) {
    String topic = bulk ? Topics.bulkRequests(base) : Topics.interactiveRequests(base);
    return lags.getOrDefault(topic, 0L);
  }

  @Override
  public long unfinishedOfOthers(String base) {
    return ofOthers.getOrDefault(base, 0L);
  }

  private void run() {
    try {
      while (true) {
        try (Admin admin = Admin.create(settings.admin())) {
          while (true) {
            look(admin);
            Thread.sleep(BETWEEN);
          }
        } catch (KafkaException e) {
          forget(e);
          Thread.sleep(BETWEEN);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("event=lag.closed");
    }
  }

  private void look(Admin admin) throws InterruptedException {
    Map<String, ListShareGroupOffsetsSpec> asked = new HashMap<>();
    Map<String, Long> ownBefore = new HashMap<>();
    for (String base : cluster.bases()) {
      ownBefore.put(base, own.applyAsLong(base));
      asked.put(
          Topics.samplersGroup(base),
          new ListShareGroupOffsetsSpec()
              .topicPartitions(
                  List.of(
                      new TopicPartition(Topics.interactiveRequests(base), 0),
                      new TopicPartition(Topics.bulkRequests(base), 0))));
    }
    if (asked.isEmpty()) {
      return;
    }
    try {
      var answer = admin.listShareGroupOffsets(asked);
      for (Map.Entry<String, Long> base : ownBefore.entrySet()) {
        take(answer.partitionsToOffsetInfo(Topics.samplersGroup(base.getKey())));
        // The brokers looked at some moment between: the larger number takes no own call for one
        // of somebody else.
        long ownCalls = Math.max(base.getValue(), own.applyAsLong(base.getKey()));
        ofOthers.put(base.getKey(), Math.max(0, unfinished(base.getKey(), false) - ownCalls));
      }
    } catch (KafkaException e) {
      forget(e);
    }
  }

  private void take(KafkaFuture<Map<TopicPartition, SharePartitionOffsetInfo>> group)
      throws InterruptedException {
    try {
      group
          .get(PATIENCE_S, TimeUnit.SECONDS)
          .forEach((partition, info) -> {
            // The brokers say nothing of a topic that no record was ever taken from.
            Optional<Long> lag = info == null ? Optional.empty() : info.lag();
            lags.put(partition.topic(), Math.max(0, lag.orElse(0L)));
            gauge.accept(
                partition.topic(),
                lag.map(known -> (double) Math.max(0, known)).orElse(Double.NaN));
          });
    } catch (ExecutionException | TimeoutException e) {
      forget(e);
    }
  }

  /** Without an answer only what this gateway sent counts. */
  private void forget(Exception e) {
    lags.keySet().forEach(topic -> gauge.accept(topic, Double.NaN));
    lags.clear();
    ofOthers.clear();
    trouble.failed(e);
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      if (!thread.join(Duration.ofSeconds(5))) {
        LOG.warn("event=lag.stuck");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
