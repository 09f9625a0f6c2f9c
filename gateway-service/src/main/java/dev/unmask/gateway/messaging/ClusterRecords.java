package dev.unmask.gateway.messaging;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.batches.BatchFold;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.CheckpointRecord;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.WorkerStatus;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;

/** Applies one record of a state topic to the folds. Cluster reader's thread. */
final class ClusterRecords {

  /** Every topic whose fold this gateway keeps. */
  static final List<String> TOPICS =
      List.of(
          Topics.ALIASES,
          Topics.CHECKPOINTS,
          Topics.MODEL_REPORTS,
          Topics.WORKERS,
          Topics.FINETUNE_COMMANDS,
          Topics.FINETUNE_EVENTS,
          Topics.BATCHES);

  private static final Logger LOG = Logger.getLogger(ClusterRecords.class);

  private final ClusterView cluster;
  private final FineTuneJobs jobs;
  private final BatchFold batches;

  ClusterRecords(ClusterView cluster, FineTuneJobs jobs, BatchFold batches) {
    this.cluster = cluster;
    this.jobs = jobs;
    this.batches = batches;
  }

  void apply(ConsumerRecord<byte[], byte[]> record) {
    try {
      if (record.value() == null) {
        forget(record);
      } else {
        fold(record);
      }
    } catch (MalformedRecordException e) {
      LOG.warnf(
          "event=record.malformed topic=%s partition=%d offset=%d cause=\"%s\"",
          record.topic(), record.partition(), record.offset(), e.getMessage());
    } catch (RuntimeException e) {
      // A record that breaks a fold would otherwise stop this gateway, now and after a restart.
      LOG.errorf(
          e,
          "event=record.failed topic=%s partition=%d offset=%d",
          record.topic(),
          record.partition(),
          record.offset());
    }
  }

  private void fold(ConsumerRecord<byte[], byte[]> record) throws MalformedRecordException {
    switch (record.topic()) {
      case Topics.ALIASES -> {
        AliasRecord move = decode(record, AliasRecord.newBuilder()).build();
        if (readable(record, move.getMinReader())) {
          cluster.apply(AliasRecords.move(move));
        }
      }
      case Topics.CHECKPOINTS -> {
        CheckpointRecord checkpoint = decode(record, CheckpointRecord.newBuilder()).build();
        if (readable(record, checkpoint.getMinReader())) {
          cluster.apply(PublishedCheckpoint.read(checkpoint));
        }
      }
      case Topics.MODEL_REPORTS -> {
        ModelReport report = decode(record, ModelReport.newBuilder()).build();
        if (readable(record, report.getMinReader())) {
          cluster.apply(report);
        }
      }
      case Topics.WORKERS -> {
        WorkerStatus status = decode(record, WorkerStatus.newBuilder()).build();
        if (readable(record, status.getMinReader())) {
          cluster.apply(status);
        }
      }
      case Topics.FINETUNE_COMMANDS -> {
        FineTuneCommand command = decode(record, FineTuneCommand.newBuilder()).build();
        if (readable(record, command.getMinReader())) {
          jobs.apply(command);
        }
      }
      case Topics.FINETUNE_EVENTS -> jobs.apply(decode(record, FineTuneEvent.newBuilder()).build());
      case Topics.BATCHES -> {
        BatchRecord batch = decode(record, BatchRecord.newBuilder()).build();
        if (readable(record, batch.getMinReader())) {
          batches.apply(batch);
        }
      }
      default -> throw new IllegalStateException("not a state topic: " + record.topic());
    }
  }

  /** A tombstone: the key says what is gone. */
  private void forget(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null) {
      return;
    }
    String key = new String(record.key(), StandardCharsets.UTF_8);
    if (record.topic().equals(Topics.WORKERS)) {
      cluster.forgetWorker(key);
    } else if (record.topic().equals(Topics.CHECKPOINTS)) {
      int slash = key.lastIndexOf('/');
      if (slash > 0) {
        cluster.withdraw(key.substring(0, slash), key.substring(slash + 1));
      }
    }
  }

  private static <B extends Message.Builder> B decode(
      ConsumerRecord<byte[], byte[]> record, B builder) throws MalformedRecordException {
    return RecordCodec.decode(record.value(), RecordHeaders.isJson(record), builder);
  }

  private static boolean readable(ConsumerRecord<byte[], byte[]> record, int minReader) {
    if (minReader <= RecordCodec.READER_VERSION) {
      return true;
    }
    LOG.warnf(
        "event=record.too_new topic=%s partition=%d offset=%d min_reader=%d",
        record.topic(), record.partition(), record.offset(), minReader);
    return false;
  }
}
