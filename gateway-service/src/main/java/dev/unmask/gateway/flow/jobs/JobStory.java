package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.AttemptFold;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.JobState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One job as the topics tell it.
 *
 * <p>What a watcher sees is a fold of the job's events, which stand in one partition; so the number
 * of an event is its place in that fold, and every gateway counts alike. How the job ended is said
 * by the first terminal record on the results topic or, when that is not kept any more, among the
 * events. Guarded by the {@link JobTable}.
 */
final class JobStory {

  /** Events that came before what was asked: topics are read side by side. */
  private static final int MOST_EARLY = 256;

  private final String id;
  private final long firstHeardMs;
  private final List<GenerationEvent> early = new ArrayList<>();
  private final List<GenerationEvent> shown = new ArrayList<>();
  private @Nullable JobAsked asked;
  private @Nullable JobPlace askedAt;
  private @Nullable AttemptFold fold;
  private @Nullable GenerationEvent end;
  private @Nullable JobPlace endAt;
  private Job head = Job.getDefaultInstance();
  private JobState endState = JobState.JOB_STATE_UNSPECIFIED;
  private long lastSeq;
  private long bytes;
  private boolean sent;
  private boolean cancelAsked;
  private boolean evicted;

  JobStory(String id, long firstHeardMs) {
    this.id = id;
    this.firstHeardMs = firstHeardMs;
  }

  long firstHeardMs() {
    return firstHeardMs;
  }

  /** The first word on what is asked wins. */
  void asked(JobAsked said, long atMs, JobPlace place) {
    if (asked != null) {
      return;
    }
    asked = said;
    askedAt = place;
    bytes += said.getSerializedSize();
    head =
        head.toBuilder()
            .setId(id)
            .setModel(
                said.getJob().hasScore()
                    ? said.getJob().getScore().getModel()
                    : said.getJob().getRequest().getModel())
            .setModelDigest(said.getJob().getModelDigest())
            .setPriority(said.getPriority())
            .setCreatedAtMs(atMs)
            .setDeadlineAtMs(said.getJob().getDeadlineAtMs())
            .putAllMetadata(said.getMetadataMap())
            .setReplayOf(said.getReplayOf())
            .build();
    AttemptFold own = new AttemptFold(said.getJob().getEvents());
    fold = own;
    early.forEach(event -> show(own, event));
    early.clear();
  }

  void sent() {
    sent = true;
  }

  void cancelAsked() {
    cancelAsked = true;
  }

  /**
   * An event of the job's partition, in order.
   *
   * @param resultsGone whether it is so old that its result may not be kept any more
   */
  void event(GenerationEvent event, long atMs, JobPlace place, boolean resultsGone) {
    if (isTerminal(event) && resultsGone) {
      end(event, atMs, place);
    }
    AttemptFold own = fold;
    if (own != null) {
      show(own, event);
    } else if (early.size() < MOST_EARLY) {
      early.add(event);
    }
  }

  private void show(AttemptFold own, GenerationEvent event) {
    for (GenerationEvent next : own.on(event)) {
      GenerationEvent numbered = next.toBuilder().setSeq(++lastSeq).build();
      head = head.toBuilder().setAttempt(next.getAttempt()).setWorker(next.getWorker()).build();
      if (!evicted) {
        shown.add(numbered);
        bytes += numbered.getSerializedSize();
      }
    }
  }

  /** A terminal record; the first one counts. */
  void end(GenerationEvent event, long atMs, JobPlace place) {
    if (endState != JobState.JOB_STATE_UNSPECIFIED) {
      return;
    }
    endAt = place;
    endState =
        event.hasFailed()
            ? event.getFailed().getCode() == dev.unmask.v1.ErrorCode.ERROR_CODE_CANCELLED
                ? JobState.JOB_STATE_CANCELLED
                : JobState.JOB_STATE_FAILED
            : JobState.JOB_STATE_SUCCEEDED;
    end = event;
    bytes += event.getSerializedSize();
    head =
        head.toBuilder()
            .setEndedAtMs(atMs)
            .setAttempt(Math.max(head.getAttempt(), event.getAttempt()))
            .setWorker(event.getWorker())
            .build();
  }

  static boolean isTerminal(GenerationEvent event) {
    return event.hasFinal() || event.hasScored() || event.hasFailed();
  }

  /** Forgets what can be read again; returns how many bytes that was. */
  long evict() {
    long before = bytes;
    evicted = true;
    shown.clear();
    end = null;
    JobAsked said = asked;
    if (said != null) {
      asked =
          said.toBuilder().setJob(said.getJob().toBuilder().clearRequest().clearScore()).build();
    }
    bytes = 0;
    return before;
  }

  boolean known() {
    return asked != null;
  }

  boolean ended() {
    return endState != JobState.JOB_STATE_UNSPECIFIED;
  }

  boolean failed() {
    return ended() && endState != JobState.JOB_STATE_SUCCEEDED;
  }

  boolean wasSent() {
    return sent;
  }

  boolean evicted() {
    return evicted;
  }

  long bytes() {
    return bytes;
  }

  long lastSeq() {
    return lastSeq;
  }

  Optional<JobAsked> ask() {
    return Optional.ofNullable(asked);
  }

  Optional<JobPlace> askedAt() {
    return Optional.ofNullable(askedAt);
  }

  Optional<GenerationEvent> end() {
    return Optional.ofNullable(end);
  }

  Optional<JobPlace> endAt() {
    return Optional.ofNullable(endAt);
  }

  /** The first event after {@code seq} that is still in memory. */
  Optional<GenerationEvent> after(long seq) {
    int index = (int) Math.max(0, seq);
    return index < shown.size() ? Optional.of(shown.get(index)) : Optional.empty();
  }

  /** Whether watchers have been shown an end. */
  boolean storyEnded() {
    return evicted || (!shown.isEmpty() && isTerminal(shown.getLast()));
  }

  /** The job without its result. */
  Job head() {
    return head.toBuilder().setState(state()).setLastSeq(lastSeq).build();
  }

  private JobState state() {
    if (ended()) {
      return endState;
    }
    if (cancelAsked) {
      return JobState.JOB_STATE_CANCELLING;
    }
    return lastSeq > 0 ? JobState.JOB_STATE_RUNNING : JobState.JOB_STATE_QUEUED;
  }
}
