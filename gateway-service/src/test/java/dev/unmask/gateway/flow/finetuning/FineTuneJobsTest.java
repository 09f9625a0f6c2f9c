package dev.unmask.gateway.flow.finetuning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.TrainingProgress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class FineTuneJobsTest {

  private static final ResolvedModel MODEL =
      new ResolvedModel("mini", "sha256:" + "1".repeat(64), "mini", 256, 99);

  private final FineTuneJobs jobs = new FineTuneJobs();

  private static FineTuneCommand command() throws RefusedException {
    CreateFineTuningJobRequest request =
        CreateFineTuningJobRequest.newBuilder()
            .setTrainingFile("file-1")
            .setSuffix("otter")
            .build();
    assertThat(CreateRules.check(request)).isEqualTo(new ModelName.Unnamed());
    return CreateRules.start(request, MODEL, Instant.ofEpochSecond(100), new Random(1));
  }

  private static FineTuneEvent.Builder event(FineTuneCommand command, long seq, long owner) {
    return FineTuneEvent.newBuilder()
        .setJobId(command.getJobId())
        .setSeq(seq)
        .setOwnerEpoch(owner)
        .setAtMs(200_500);
  }

  private FineTuningJob job(FineTuneCommand command) {
    return jobs.job(command.getJobId()).orElseThrow();
  }

  @Test
  void aJobIsTheFoldOfItsEvents() throws Exception {
    FineTuneCommand command = command();
    jobs.apply(command);
    assertThat(job(command).getStatus()).isEqualTo(JobStatus.JOB_STATUS_QUEUED);
    assertThat(job(command).getBaseDigest()).isEqualTo(MODEL.digest());
    assertThat(command.getStart().getMaxBadRows()).isEqualTo(0.1);
    jobs.apply(
        event(command, 1, 1)
            .setStatus(JobStatusChanged.newBuilder().setStatus(JobStatus.JOB_STATUS_RUNNING))
            .build());
    jobs.apply(
        event(command, 2, 1).setRows(RowsRead.newBuilder().setUsed(60).setRejected(2)).build());
    jobs.apply(event(command, 3, 1).setProgress(TrainingProgress.newBuilder().setStep(5)).build());
    jobs.apply(
        event(command, 4, 1)
            .setPublished(CheckpointPublished.newBuilder().setModel("ft:x").setDigest("sha256:2"))
            .build());
    jobs.apply(
        event(command, 5, 1)
            .setStatus(
                JobStatusChanged.newBuilder()
                    .setStatus(JobStatus.JOB_STATUS_SUCCEEDED)
                    .putMetrics("loss", 0.5))
            .build());
    FineTuningJob done = job(command);
    assertThat(done.getStatus()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(done.getFinishedAt()).isEqualTo(200);
    assertThat(done.getRowsUsed()).isEqualTo(60);
    assertThat(done.getRowsRejected()).isEqualTo(2);
    assertThat(done.getProgress().getStep()).isEqualTo(5);
    assertThat(done.getFineTunedModel()).isEqualTo("ft:x");
    assertThat(done.getMetricsMap()).containsEntry("loss", 0.5);
    assertThat(jobs.count(JobStatus.JOB_STATUS_SUCCEEDED)).isEqualTo(1);
  }

  @Test
  void topicsMayBeReadInAnyOrder() throws Exception {
    FineTuneCommand command = command();
    jobs.apply(
        event(command, 1, 1)
            .setStatus(
                JobStatusChanged.newBuilder()
                    .setStatus(JobStatus.JOB_STATUS_FAILED)
                    .setMessage("no rows"))
            .build());
    assertThat(jobs.job(command.getJobId())).isEmpty();
    jobs.apply(command);
    jobs.apply(command);
    assertThat(job(command).getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(job(command).getError()).isEqualTo("no rows");
    assertThat(job(command).getSuffix()).isEqualTo("otter");
  }

  @Test
  void repeatedEventsAndThoseOfAnOldOwnerDoNotCount() throws Exception {
    FineTuneCommand command = command();
    jobs.apply(command);
    Consumer<FineTuneEvent.Builder> apply = e -> jobs.apply(e.build());
    apply.accept(event(command, 1, 2).setRows(RowsRead.newBuilder().setUsed(1)));
    apply.accept(event(command, 1, 2).setRows(RowsRead.newBuilder().setUsed(2)));
    apply.accept(event(command, 7, 1).setRows(RowsRead.newBuilder().setUsed(3)));
    assertThat(job(command).getRowsUsed()).isEqualTo(1);
    apply.accept(event(command, 2, 3).setRows(RowsRead.newBuilder().setUsed(4)));
    assertThat(job(command).getRowsUsed()).isEqualTo(4);
  }

  @Test
  void aWatcherSeesEachEventOnceAndThenTheEnd() throws Exception {
    FineTuneCommand command = command();
    String id = command.getJobId();
    jobs.apply(command);
    List<String> wakes = new ArrayList<>();
    Runnable watcher = () -> wakes.add("woken");
    jobs.watch(id, watcher);
    assertThat(jobs.next(id, -1)).isInstanceOf(FineTuneJobs.Next.NotYet.class);
    for (int seq = 0; seq < 3; seq++) {
      jobs.apply(event(command, seq * 10L, 1).setRows(RowsRead.getDefaultInstance()).build());
    }
    assertThat(wakes).hasSize(3);
    assertThat(seq(jobs.next(id, -1))).isZero();
    assertThat(seq(jobs.next(id, 0))).isEqualTo(10);
    assertThat(seq(jobs.next(id, 15))).isEqualTo(20);
    assertThat(jobs.next(id, 20)).isInstanceOf(FineTuneJobs.Next.NotYet.class);
    jobs.unwatch(id, watcher);
    jobs.apply(
        event(command, 30, 1)
            .setStatus(JobStatusChanged.newBuilder().setStatus(JobStatus.JOB_STATUS_CANCELLED))
            .build());
    assertThat(wakes).hasSize(3);
    assertThat(seq(jobs.next(id, 20))).isEqualTo(30);
    assertThat(jobs.next(id, 30)).isInstanceOf(FineTuneJobs.Next.Ended.class);
  }

  private static long seq(FineTuneJobs.Next next) {
    return ((FineTuneJobs.Next.Event) next).event().getSeq();
  }
}
