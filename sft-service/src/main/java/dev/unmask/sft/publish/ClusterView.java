package dev.unmask.sft.publish;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.store.release.AliasTable;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The fold of the workers' heartbeats, their reports, and the aliases. Thread-safe. */
public final class ClusterView {

  /** The topics that {@link #apply} wants. */
  public static final Set<String> TOPICS =
      Set.of(Topics.WORKERS, Topics.MODEL_REPORTS, Topics.ALIASES);

  /** A worker that was silent for longer is not live. */
  private static final long SILENCE_MS = 15_000;

  private static final Logger LOG = Logger.getLogger(ClusterView.class);

  private final Clock clock;
  private final Map<String, WorkerStatus> workers = new HashMap<>();
  private final Map<String, Map<String, ModelReport>> reports = new HashMap<>();
  private final AliasTable aliases = new AliasTable();

  public ClusterView(Clock clock) {
    this.clock = clock;
  }

  /** Folds one record; records of other topics and malformed ones are left out. */
  public synchronized void apply(ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    byte[] value = found.value();
    if (value == null) {
      return;
    }
    try {
      switch (found.topic()) {
        case Topics.WORKERS -> {
          WorkerStatus status = WorkerStatus.parseFrom(value);
          workers.put(status.getWorker(), status);
        }
        case Topics.MODEL_REPORTS -> {
          ModelReport report = ModelReport.parseFrom(value);
          if (report.getState() == ModelState.MODEL_STATE_VERIFIED
              || report.getState() == ModelState.MODEL_STATE_FAILED) {
            reports
                .computeIfAbsent(report.getDigest(), d -> new HashMap<>())
                .put(report.getWorker(), report);
          }
        }
        case Topics.ALIASES -> {
          AliasRecord moved = AliasRecord.parseFrom(value);
          boolean counts =
              moved.getMinReader() <= RecordCodec.READER_VERSION
                  && aliases.apply(AliasRecords.move(moved));
          if (!counts) {
            LOG.debugf("topic=%s offset=%d event=alias-too-late", found.topic(), found.offset());
          }
        }
        default -> {}
      }
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      LOG.warnf(
          "topic=%s partition=%d offset=%d event=malformed",
          found.topic(), found.partition(), found.offset());
    }
  }

  /** Workers of a base that serve it now. */
  public synchronized Set<String> liveWorkers(String base) {
    Set<String> live = new TreeSet<>();
    for (WorkerStatus status : workers.values()) {
      if (status.getBase().equals(base)
          && status.getState() == WorkerState.WORKER_STATE_READY
          && clock.millis() - status.getAtMs() <= SILENCE_MS) {
        live.add(status.getWorker());
      }
    }
    return live;
  }

  /** What has been reported on a digest, by worker. */
  public synchronized Map<String, ModelReport> reports(String digest) {
    return new TreeMap<>(reports.getOrDefault(digest, Map.of()));
  }

  /** Where every alias points. */
  public AliasTable aliases() {
    return aliases;
  }
}
