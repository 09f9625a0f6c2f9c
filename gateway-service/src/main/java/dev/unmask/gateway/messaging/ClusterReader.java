package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.batches.BatchFold;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * Reads the cluster's state topics from their beginning and keeps the folds current. It also asks
 * the brokers for the topics' ends now and then: that is how the gateway knows they are there.
 */
public final class ClusterReader extends ReaderThread {

  private static final Logger LOG = Logger.getLogger(ClusterReader.class);
  private static final long PROBE_NANOS = Duration.ofSeconds(5).toNanos();

  private final ClusterRecords records;
  private Map<TopicPartition, Long> ends = Map.of();
  private long probedAt;
  private volatile boolean folded;
  private volatile boolean reachable;

  public ClusterReader(
      KafkaSettings settings, ClusterView cluster, FineTuneJobs jobs, BatchFold batches) {
    super(settings, "cluster-reader");
    this.records = new ClusterRecords(cluster, jobs, batches);
  }

  /** Whether everything that was there at the start has been read. Any thread. */
  public boolean folded() {
    return folded;
  }

  /** Whether the brokers answered when last asked. Any thread. */
  public boolean reachable() {
    return reachable;
  }

  @Override
  void connect(Consumer<byte[], byte[]> consumer) {
    List<TopicPartition> all = new ArrayList<>();
    for (String topic : ClusterRecords.TOPICS) {
      List<PartitionInfo> partitions = consumer.partitionsFor(topic, REACH);
      if (partitions == null || partitions.isEmpty()) {
        throw new KafkaException("the topic " + topic + " does not exist yet");
      }
      for (PartitionInfo partition : partitions) {
        all.add(new TopicPartition(topic, partition.partition()));
      }
    }
    consumer.assign(all);
    consumer.seekToBeginning(all);
    ends = consumer.endOffsets(all, REACH);
    probedAt = System.nanoTime();
    reachable = true;
  }

  @Override
  void round(Consumer<byte[], byte[]> consumer) {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(folded ? POLL : SHORT_POLL)) {
      records.apply(record);
    }
    if (!folded && reachedEnds(consumer)) {
      folded = true;
      LOG.infof("event=cluster.folded partitions=%d", ends.size());
    }
    if (System.nanoTime() - probedAt > PROBE_NANOS) {
      probedAt = System.nanoTime();
      probe(consumer);
    }
  }

  @Override
  void disconnected() {
    reachable = false;
  }

  private static final Duration SHORT_POLL = Duration.ofMillis(50);

  private boolean reachedEnds(Consumer<byte[], byte[]> consumer) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey(), REACH) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  private void probe(Consumer<byte[], byte[]> consumer) {
    boolean before = reachable;
    try {
      var unused = consumer.endOffsets(ends.keySet(), REACH);
      reachable = true;
    } catch (org.apache.kafka.common.errors.TimeoutException e) {
      reachable = false;
    }
    if (before != reachable) {
      LOG.warnf("event=kafka.%s", reachable ? "reachable" : "unreachable");
    }
  }
}
