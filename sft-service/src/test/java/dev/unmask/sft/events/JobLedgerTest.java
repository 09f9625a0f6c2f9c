package dev.unmask.sft.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.kafka.KafkaAccess;
import dev.unmask.proto.Topics;
import dev.unmask.sft.job.JobDesk.Phase;
import dev.unmask.sft.job.JobDesk.Standing;
import dev.unmask.sft.job.JobDesk.Wish;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.v1.AliasMoved;
import dev.unmask.v1.CancelFineTune;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobCreated;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.ProbeAnswers;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.StartFineTune;
import dev.unmask.v1.StateSaved;
import dev.unmask.v1.TrainingProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fold of a job's records, without a broker: nothing here writes. */
class JobLedgerTest {

  private static final String JOB = "ftjob-1";

  private final List<String> wished = new ArrayList<>();
  private final RecordWriter writer =
      new RecordWriter(new KafkaSettings(KafkaAccess.plain("127.0.0.1:1"), "t"));
  private final JobLedger ledger = new JobLedger(writer, "t", Duration.ofMillis(1), wished::add);

  @AfterEach
  void close() {
    writer.close();
  }

  private void apply(FineTuneEvent.Builder event) {
    ledger.apply(
        new ConsumerRecord<>(
            Topics.FINETUNE_EVENTS, 0, 0, JOB, event.setJobId(JOB).build().toByteArray()));
  }

  private void apply(FineTuneCommand.Builder command) {
    ledger.apply(
        new ConsumerRecord<>(
            Topics.FINETUNE_COMMANDS, 0, 0, JOB, command.setJobId(JOB).build().toByteArray()));
  }

  private static FineTuneEvent.Builder of(long owner) {
    return FineTuneEvent.newBuilder().setOwnerEpoch(owner).setAtMs(1000 * owner);
  }

  private static FineTuneEvent.Builder status(long owner, JobStatus status) {
    return of(owner).setStatus(JobStatusChanged.newBuilder().setStatus(status));
  }

  private static FineTuneEvent.Builder saved(long owner, long step) {
    return of(owner).setSaved(StateSaved.newBuilder().setStep(step));
  }

  private void claimed(long owner) {
    apply(of(owner).setClaimed(JobClaimed.newBuilder().setTrainer("o").setClaim("o/" + owner)));
  }

  @Test
  void aJobsStandingIsTheFoldOfItsRecords() {
    assertThat(ledger.standing(JOB)).isEqualTo(new Standing(Phase.QUEUED, 0));
    apply(FineTuneCommand.newBuilder().setStart(StartFineTune.getDefaultInstance()));
    claimed(1);
    apply(status(1, JobStatus.JOB_STATUS_RUNNING));
    apply(saved(1, 8));
    assertThat(ledger.standing(JOB)).isEqualTo(new Standing(Phase.TAKEN, 8));
    assertThat(ledger.endedAt(JOB)).isEmpty();
    apply(status(1, JobStatus.JOB_STATUS_PAUSED));
    assertThat(ledger.standing(JOB)).isEqualTo(new Standing(Phase.PAUSED, 8));
    apply(FineTuneCommand.newBuilder().setCancel(CancelFineTune.getDefaultInstance()));
    assertThat(wished).containsExactly(JOB);
    apply(FineTuneCommand.newBuilder().setResume(StartFineTune.getDefaultInstance()));
    assertThat(ledger.wish(JOB)).as("nothing follows a cancel").isEqualTo(Wish.CANCEL);
    claimed(2);
    apply(status(2, JobStatus.JOB_STATUS_CANCELLED));
    apply(status(3, JobStatus.JOB_STATUS_RUNNING));
    assertThat(ledger.standing(JOB).phase()).as("an end is the end").isEqualTo(Phase.ENDED);
    assertThat(ledger.endedAt(JOB)).contains(Instant.ofEpochMilli(2000));
    assertThat(ledger.endedAt("ftjob-2")).isEmpty();
  }

  /** Whatever an owner says after its successor's claim counts for nobody. */
  @ParameterizedTest
  @EnumSource(value = EventCase.class, mode = EnumSource.Mode.EXCLUDE, names = "EVENT_NOT_SET")
  void anEventOfAnEarlierOwnerChangesNothing(EventCase kind) {
    claimed(2);
    apply(status(2, JobStatus.JOB_STATUS_RUNNING));
    apply(saved(2, 8));
    apply(stale(kind));
    assertThat(ledger.standing(JOB)).isEqualTo(new Standing(Phase.TAKEN, 8));
    assertThat(ledger.endedAt(JOB)).isEmpty();
    // The same from the owner itself counts, where it says anything about the standing.
    apply(stale(kind).setOwnerEpoch(2));
    assertThat(ledger.standing(JOB).equals(new Standing(Phase.TAKEN, 8)))
        .isEqualTo(kind != EventCase.STATUS && kind != EventCase.SAVED);
  }

  private static FineTuneEvent.Builder stale(EventCase kind) {
    return switch (kind) {
      case CREATED -> of(1).setCreated(JobCreated.getDefaultInstance());
      case STATUS -> status(1, JobStatus.JOB_STATUS_CANCELLED);
      case ROWS -> of(1).setRows(RowsRead.newBuilder().setUsed(9));
      case PROGRESS -> of(1).setProgress(TrainingProgress.newBuilder().setStep(99));
      case PROBES -> of(1).setProbes(ProbeAnswers.newBuilder().setAfter(true));
      case PUBLISHED -> of(1).setPublished(CheckpointPublished.newBuilder().setStep(99));
      case ACTIVATED -> of(1).setActivated(AliasMoved.newBuilder().setModel("m"));
      case CLAIMED -> of(1).setClaimed(JobClaimed.newBuilder().setTrainer("o").setClaim("late"));
      case EVALUATION -> of(1).setEvaluation(Evaluation.newBuilder().setStep(99).setBest(true));
      case SAVED -> saved(1, 99);
      case EVENT_NOT_SET -> throw new IllegalArgumentException();
    };
  }
}
