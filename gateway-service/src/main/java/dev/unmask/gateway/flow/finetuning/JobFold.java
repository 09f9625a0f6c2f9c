package dev.unmask.gateway.flow.finetuning;

import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningCheckpoint;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One job: the command that asked for it and the events of the trainer that owns it. Not
 * thread-safe: {@link FineTuneJobs} guards it.
 */
final class JobFold {

  /** Older progress reports are forgotten beyond this many events. */
  private static final int MAX_EVENTS = 10_000;

  private final FineTuningJob.Builder job = FineTuningJob.newBuilder();
  private final List<FineTuneEvent> events = new ArrayList<>();
  private final List<FineTuningCheckpoint> checkpoints = new ArrayList<>();

  /** Commands and events are on two topics, which are read in any order: their times decide. */
  private long pausedAtMs;

  private long resumedAtMs;
  private boolean asked;
  private long owner;
  private long lastSeq = -1;

  /** The job as it was asked for; what its events have said already stays. */
  void apply(FineTuningJob start) {
    if (asked) {
      return;
    }
    asked = true;
    FineTuningJob told = job.build();
    job.clear().mergeFrom(start).mergeFrom(told);
    if (job.getStatus() == JobStatus.JOB_STATUS_UNSPECIFIED) {
      job.setStatus(JobStatus.JOB_STATUS_QUEUED);
    }
  }

  /** Takes an event; false when it does not count: after the end, repeated, or of an old owner. */
  boolean apply(FineTuneEvent event) {
    if (ended() || event.getOwnerEpoch() < owner || event.getSeq() <= lastSeq) {
      return false;
    }
    owner = event.getOwnerEpoch();
    lastSeq = event.getSeq();
    remember(event);
    switch (event.getEventCase()) {
      case CREATED -> apply(event.getCreated().getJob());
      case STATUS -> status(event, event.getStatus());
      case ROWS ->
          job.setRowsUsed(event.getRows().getUsed()).setRowsRejected(event.getRows().getRejected());
      case PROGRESS -> job.setProgress(event.getProgress());
      case PUBLISHED -> published(event);
      case CLAIMED ->
          job.setOwnerEpoch(event.getOwnerEpoch()).setTrainer(event.getClaimed().getTrainer());
      case EVALUATION -> evaluated(event.getEvaluation());
      case PROBES, ACTIVATED, SAVED, EVENT_NOT_SET -> {}
    }
    return true;
  }

  /** The job was queued again; counts unless a trainer has paused it since. */
  void resumed(long atMs) {
    resumedAtMs = Math.max(resumedAtMs, atMs);
  }

  private void published(FineTuneEvent event) {
    CheckpointPublished published = event.getPublished();
    job.setFineTunedModel(published.getModel()).setResultDigest(published.getDigest());
    checkpoints.add(
        FineTuningCheckpoint.newBuilder()
            .setModel(published.getModel())
            .setDigest(published.getDigest())
            .setStep(published.getStep())
            .setCreatedAt(event.getAtMs() / 1000)
            .putAllMetrics(published.getMetricsMap())
            .setKind(published.getKind())
            .build());
  }

  private void evaluated(Evaluation evaluation) {
    if (evaluation.getBest()) {
      job.putMetrics("bound_per_answer_token", evaluation.getBoundPerAnswerToken())
          .putMetrics("bound_stderr", evaluation.getStandardError())
          .putMetrics("best_step", (double) evaluation.getStep());
    }
    if (evaluation.hasRanking()) {
      job.putMetrics("preference_accuracy", evaluation.getRanking().getAccuracy())
          .putMetrics("preference_margin", evaluation.getRanking().getMargin());
    }
  }

  /** What the job has published, newest first. */
  List<FineTuningCheckpoint> checkpoints() {
    return checkpoints.reversed();
  }

  /** At most {@code limit} events after {@code seq}, oldest first. */
  List<FineTuneEvent> after(long seq, int limit) {
    return events.stream().filter(e -> e.getSeq() > seq).limit(limit).toList();
  }

  /** At most {@code limit} events before {@code seq}, newest first. */
  List<FineTuneEvent> before(long seq, int limit) {
    return events.reversed().stream().filter(e -> e.getSeq() < seq).limit(limit).toList();
  }

  Optional<FineTuningJob> job() {
    if (!asked) {
      return Optional.empty();
    }
    FineTuningJob now = job.build();
    return Optional.of(
        now.getStatus() == JobStatus.JOB_STATUS_PAUSED && resumedAtMs > pausedAtMs
            ? now.toBuilder().setStatus(JobStatus.JOB_STATUS_QUEUED).build()
            : now);
  }

  boolean ended() {
    return isTerminal(job.getStatus());
  }

  /** The first event that comes after {@code seq}, if there is one. */
  Optional<FineTuneEvent> next(long seq) {
    int low = 0;
    int high = events.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (events.get(middle).getSeq() <= seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < events.size() ? Optional.of(events.get(low)) : Optional.empty();
  }

  static boolean isTerminal(JobStatus status) {
    return switch (status) {
      case JOB_STATUS_SUCCEEDED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED -> true;
      case JOB_STATUS_UNSPECIFIED,
          JOB_STATUS_QUEUED,
          JOB_STATUS_VALIDATING_FILES,
          JOB_STATUS_RUNNING,
          JOB_STATUS_PAUSED,
          UNRECOGNIZED ->
          false;
    };
  }

  private void status(FineTuneEvent event, JobStatusChanged change) {
    job.setStatus(change.getStatus()).putAllMetrics(change.getMetricsMap());
    if (change.getStatus() == JobStatus.JOB_STATUS_PAUSED) {
      pausedAtMs = event.getAtMs();
    }
    if (ended()) {
      job.setFinishedAt(event.getAtMs() / 1000);
      if (change.getStatus() != JobStatus.JOB_STATUS_SUCCEEDED) {
        job.setError(change.getMessage());
      }
    }
  }

  private void remember(FineTuneEvent event) {
    if (events.size() >= MAX_EVENTS) {
      for (int i = 0; i < events.size(); i++) {
        if (events.get(i).hasProgress()) {
          events.remove(i);
          break;
        }
      }
    }
    events.add(event);
  }
}
