package dev.unmask.gateway.flow.finetuning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.AliasMoved;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobCreated;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.PairRanking;
import dev.unmask.v1.ProbeAnswers;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.StateSaved;
import dev.unmask.v1.TrainingProgress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
    return CreateRules.start("red", request, MODEL, Instant.ofEpochSecond(100), new Random(1));
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
            .setEvaluation(
                Evaluation.newBuilder()
                    .setRanking(PairRanking.newBuilder().setAccuracy(0.75).setMargin(0.1)))
            .build());
    jobs.apply(
        event(command, 5, 1)
            .setPublished(CheckpointPublished.newBuilder().setModel("ft:x").setDigest("sha256:2"))
            .build());
    jobs.apply(
        event(command, 6, 1)
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
    assertThat(done.getMetricsMap())
        .containsEntry("loss", 0.5)
        .containsEntry("preference_accuracy", 0.75)
        .containsEntry("preference_margin", 0.1);
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

  /** A paused trainer that wakes up says something after its successor's claim. */
  @ParameterizedTest
  @EnumSource(value = EventCase.class, mode = EnumSource.Mode.EXCLUDE, names = "EVENT_NOT_SET")
  void anEventOfAnEarlierOwnerChangesNothingWhateverItSays(EventCase kind) throws Exception {
    FineTuneCommand command = command();
    jobs.apply(command);
    jobs.apply(
        event(command, 2, 2)
            .setClaimed(JobClaimed.newBuilder().setTrainer("second").setClaim("second/1"))
            .build());
    FineTuningJob before = job(command);
    FineTuneEvent.Builder late = event(command, 99, 1);
    switch (kind) {
      case CREATED ->
          late.setCreated(JobCreated.newBuilder().setJob(before.toBuilder().setSuffix("x")));
      case STATUS ->
          late.setStatus(JobStatusChanged.newBuilder().setStatus(JobStatus.JOB_STATUS_SUCCEEDED));
      case ROWS -> late.setRows(RowsRead.newBuilder().setUsed(7));
      case PROGRESS -> late.setProgress(TrainingProgress.newBuilder().setStep(7));
      case PROBES -> late.setProbes(ProbeAnswers.newBuilder().setAfter(true));
      case PUBLISHED -> late.setPublished(CheckpointPublished.newBuilder().setModel("ft:x"));
      case ACTIVATED -> late.setActivated(AliasMoved.newBuilder().setModel("mini"));
      case CLAIMED -> late.setClaimed(JobClaimed.newBuilder().setTrainer("first").setClaim("f"));
      case EVALUATION -> late.setEvaluation(Evaluation.newBuilder().setStep(7).setBest(true));
      case SAVED -> late.setSaved(StateSaved.newBuilder().setStep(7));
      case EVENT_NOT_SET -> throw new IllegalArgumentException();
    }
    jobs.apply(late.build());
    assertThat(job(command)).isEqualTo(before);
    assertThat(jobs.checkpoints(command.getJobId())).isEmpty();
    assertThat(jobs.next(command.getJobId(), 2)).isInstanceOf(FineTuneJobs.Next.NotYet.class);
  }

  /** A gateway that restarts reads the topics again, perhaps in another order. */
  @Test
  void aWatcherGoesOnAtAnotherGatewayWhereItWas() throws Exception {
    FineTuneCommand command = command();
    String id = command.getJobId();
    List<FineTuneEvent> told = new ArrayList<>();
    told.add(event(command, 1_000_000_000L, 1).setClaimed(claim("a")).build());
    for (int step = 1; step <= 20; step++) {
      told.add(
          event(command, 1_000_000_000L + step, 1)
              .setProgress(TrainingProgress.newBuilder().setStep(step))
              .build());
    }
    told.add(event(command, 2_000_000_000L, 2).setClaimed(claim("b")).build());
    // Late, and a repeated claim: neither is an event that a watcher sees.
    told.add(event(command, 1_000_000_021L, 1).setProgress(TrainingProgress.newBuilder()).build());
    told.add(event(command, 2_000_000_000L, 2).setClaimed(claim("b")).build());
    told.add(
        event(command, 2_000_000_001L, 2)
            .setStatus(JobStatusChanged.newBuilder().setStatus(JobStatus.JOB_STATUS_SUCCEEDED))
            .build());
    jobs.apply(command);
    told.forEach(jobs::apply);
    FineTuneJobs restarted = new FineTuneJobs();
    told.forEach(restarted::apply);
    restarted.apply(command);

    assertThat(restarted.job(id)).isEqualTo(jobs.job(id));
    List<Long> seen = new ArrayList<>();
    long last = -1;
    for (FineTuneJobs from : List.of(jobs, restarted)) {
      while (from.next(id, last) instanceof FineTuneJobs.Next.Event next
          && seen.size() < (from == jobs ? 12 : 100)) {
        last = next.event().getSeq();
        seen.add(last);
      }
    }
    assertThat(restarted.next(id, last)).isInstanceOf(FineTuneJobs.Next.Ended.class);
    assertThat(seen).hasSize(23).isSorted().doesNotHaveDuplicates().endsWith(2_000_000_001L);
  }

  @Test
  void eventsComeInPages() throws Exception {
    FineTuneCommand command = command();
    String id = command.getJobId();
    jobs.apply(command);
    for (int seq = 0; seq < 25; seq++) {
      jobs.apply(event(command, seq * 3L, 1).setRows(RowsRead.getDefaultInstance()).build());
    }
    List<Long> all = new ArrayList<>();
    int pages = 0;
    Page<FineTuneEvent> page;
    do {
      page = jobs.events(id, all.isEmpty() ? -1 : all.getLast(), 10);
      page.items().forEach(e -> all.add(e.getSeq()));
      pages++;
    } while (page.more());
    assertThat(pages).isEqualTo(3);
    assertThat(all).hasSize(25).isSorted().doesNotHaveDuplicates();
  }

  private static JobClaimed claim(String trainer) {
    return JobClaimed.newBuilder().setTrainer(trainer).setClaim(trainer + "/1").build();
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
