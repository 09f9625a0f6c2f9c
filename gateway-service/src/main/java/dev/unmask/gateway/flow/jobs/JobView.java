package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Paging;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.JobState;
import java.time.Clock;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What jobs look like: to who asks once, lists them or watches one. A tenant sees its own. Any
 * thread.
 */
public final class JobView {

  private final Gate gate;
  private final JobTable table;
  private final BooleanSupplier caughtUp;
  private final JobArchive archive;
  private final Clock clock;

  /**
   * @param caughtUp whether the table knows all that was asked before this gateway began
   */
  public JobView(
      Gate gate, JobTable table, BooleanSupplier caughtUp, JobArchive archive, Clock clock) {
    this.gate = gate;
    this.table = table;
    this.caughtUp = caughtUp;
    this.archive = archive;
    this.clock = clock;
  }

  /** Somebody who wants to see what happens to a job. */
  public JobFollower watch(
      String tenant, String id, long afterSeq, CallContext context, JobFollower.Listener listener)
      throws RefusedException {
    if (afterSeq < 0) {
      throw new RefusedException(
          Refusal.invalid("after_seq", "after_seq is negative; events count from 1."));
    }
    Job job = head(tenant, "id", id);
    return follower(job.getId(), afterSeq, false, context, listener);
  }

  JobFollower follower(
      String id,
      long afterSeq,
      boolean onlyEnd,
      CallContext context,
      JobFollower.Listener listener) {
    return new JobFollower(
        table, archive, id, afterSeq, onlyEnd, context, new ToldEnd(listener, id));
  }

  /** A job with its result. May block on Kafka. */
  public Job get(String tenant, String id) throws RefusedException {
    Job head = head(tenant, "id", id);
    JobPlace place = table.endPlace(id).orElse(null);
    if (place == null) {
      return overdue(head);
    }
    @Nullable GenerationEvent inMemory = table.end(id).orElse(null);
    GenerationEvent end = ToldEnd.named(inMemory == null ? archive.end(place) : inMemory, id);
    Job.Builder whole = head.toBuilder();
    switch (end.getEventCase()) {
      case FINAL -> whole.setResult(end.getFinal());
      case SCORED -> whole.setScore(end.getScored());
      case FAILED -> whole.setError(end.getFailed());
      default -> {}
    }
    return whole.build();
  }

  /** A job that nobody has taken until its deadline has failed, although nobody says so. */
  private Job overdue(Job head) {
    return clock.millis() < head.getDeadlineAtMs() + JobDesk.UNSENT.toMillis()
        ? head
        : head.toBuilder()
            .setState(JobState.JOB_STATE_FAILED)
            .setError(
                GenerationFailed.newBuilder()
                    .setCode(ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED)
                    .setMessage("No sampler had ended the job when its deadline passed."))
            .build();
  }

  /** At most {@code asked} jobs, newest first, without results; 0 for the usual number. */
  public Page<Job> list(String tenant, String after, int asked) throws RefusedException {
    gate.look();
    checkCaughtUp();
    int most = Paging.limit(asked, 20, 100);
    return table.list(tenant, after, most).orElseThrow(() -> noJob("after", after));
  }

  /**
   * What a job asked for, to be asked again with the same weights and seed. May block on Kafka.
   *
   * @throws RefusedException OUT_OF_RANGE when it is no longer kept
   */
  public JobAsked original(String tenant, String id) throws RefusedException {
    Job unused = head(tenant, "id", id);
    JobPlace place = table.askedPlace(id).orElse(null);
    return place == null ? table.asked(id).orElseThrow() : archive.asked(place).getAsked();
  }

  /** A job without its result, if it is this tenant's. */
  Job head(String tenant, String field, String id) throws RefusedException {
    gate.look();
    checkCaughtUp();
    boolean theirs = table.asked(id).filter(asked -> asked.getTenant().equals(tenant)).isPresent();
    return table.head(id).filter(job -> theirs).orElseThrow(() -> noJob(field, id));
  }

  void checkCaughtUp() throws RefusedException {
    if (!caughtUp.getAsBoolean()) {
      throw new RefusedException(
          Refusal.temporary(
              ErrorCode.ERROR_CODE_UNAVAILABLE,
              "The gateway has not read the jobs of the cluster yet.",
              Duration.ofSeconds(1)));
    }
  }

  private static RefusedException noJob(String field, String id) {
    return new RefusedException(
        new Refusal(
            ErrorCode.ERROR_CODE_NOT_FOUND,
            "There is no job \"" + id + "\"; jobs are known for two days.",
            field,
            null));
  }
}
