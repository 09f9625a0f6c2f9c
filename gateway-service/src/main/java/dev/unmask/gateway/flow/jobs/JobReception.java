package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.admission.ValidCall;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.Priority;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.SubmitJobRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Where jobs are handed in: their requests are checked, then the {@link JobDesk} takes them. */
public final class JobReception {

  private static final int MOST_METADATA = 16;
  private static final int LONGEST_VALUE = 512;

  private final RequestRules rules;
  private final JobDesk desk;
  private final JobView view;
  private final JobTable table;
  private final Duration life;
  private final Runnable replayed;

  /**
   * @param life of a job whose request sets no deadline
   * @param replayed hears of each job that is asked for again
   */
  public JobReception(
      RequestRules rules,
      JobDesk desk,
      JobView view,
      JobTable table,
      Duration life,
      Runnable replayed) {
    this.rules = rules;
    this.desk = desk;
    this.view = view;
    this.table = table;
    this.life = life;
    this.replayed = replayed;
  }

  /** What can be done with jobs that are there. */
  public JobDesk desk() {
    return desk;
  }

  /** What they look like. */
  public JobView view() {
    return view;
  }

  /** Asks for a job; the future completes when its request is on its way. */
  public CompletableFuture<Job> submit(SubmitJobRequest request, Origin origin)
      throws RefusedException {
    checkMetadata(request.getMetadataMap());
    if (request.getPriority() == Priority.UNRECOGNIZED) {
      throw invalid(
          "priority",
          "priority is "
              + request.getPriorityValue()
              + "; it must be PRIORITY_INTERACTIVE or PRIORITY_BULK.");
    }
    if (request.getEvents() == StreamMode.UNRECOGNIZED
        || request.getEvents() == StreamMode.STREAM_MODE_STEP_SNAPSHOT) {
      throw invalid(
          "events",
          "events is "
              + request.getEventsValue()
              + "; it must be STREAM_MODE_FINAL, STREAM_MODE_BLOCK or STREAM_MODE_STEP_DELTA.");
    }
    ValidCall call = check(request);
    EventDetail detail =
        RequestRules.detail(
            GenerateStreamRequest.newBuilder().setMode(request.getEvents()).build());
    return submit(
        new JobDesk.Asking(
            origin.who(),
            origin.key(),
            IdempotencyKeys.fingerprint(request.toBuilder().clearMetadata().build(), detail),
            call,
            detail,
            priority(request.getPriority()),
            call.deadline().orElse(life),
            request.getMetadataMap(),
            "",
            false,
            origin.traceparent()));
  }

  private ValidCall check(SubmitJobRequest request) throws RefusedException {
    return switch (request.getWorkCase()) {
      case GENERATE -> inside("generate.", () -> rules.check(request.getGenerate()));
      case SCORE -> inside("score.", () -> rules.check(request.getScore()));
      case WORK_NOT_SET -> throw invalid("work", "There is nothing to do: give generate or score.");
    };
  }

  /** Reads a part of a message. */
  @FunctionalInterface
  private interface Part {
    ValidCall check() throws RefusedException;
  }

  private static ValidCall inside(String path, Part part) throws RefusedException {
    try {
      return part.check();
    } catch (RefusedException e) {
      Refusal inner = e.refusal();
      throw new RefusedException(
          new Refusal(
              inner.code(),
              inner.message(),
              inner.field() == null ? null : path + inner.field(),
              inner.retryAfter()));
    }
  }

  /** The same request again, with the same weights and the same seed. May block on Kafka. */
  public CompletableFuture<Job> replay(String id, Origin origin) throws RefusedException {
    JobAsked original = view.original(origin.tenant(), id);
    String digest = "@" + original.getJob().getModelDigest();
    ValidCall call;
    if (original.getJob().hasScore()) {
      ScoreRequest score = original.getJob().getScore();
      call = rules.check(score.toBuilder().setModel(score.getModel() + digest).build());
    } else {
      GenerateRequest generate = original.getJob().getRequest();
      call = rules.check(generate.toBuilder().setModel(generate.getModel() + digest).build());
    }
    try {
      CompletableFuture<Job> again =
          submit(
              new JobDesk.Asking(
                  origin.who(),
                  origin.key(),
                  original.getFingerprint(),
                  call,
                  original.getJob().getEvents(),
                  original.getPriority(),
                  call.deadline().orElse(life),
                  original.getMetadataMap(),
                  id,
                  false,
                  origin.traceparent()));
      replayed.run();
      return again;
    } catch (RefusedException e) {
      if (e.refusal().code() != ErrorCode.ERROR_CODE_NOT_FOUND) {
        throw e;
      }
      throw new RefusedException(
          Refusal.of(
              ErrorCode.ERROR_CODE_FAILED_PRECONDITION,
              "The weights that the job ran on are no longer published: " + e.refusal().message()));
    }
  }

  private CompletableFuture<Job> submit(JobDesk.Asking asking) throws RefusedException {
    JobDesk.Submission submission = desk.submit(asking);
    return submission
        .told()
        .thenApply(done ->
            table.head(submission.id()).orElseThrow().toBuilder()
                .setReplayed(submission.replayed())
                .build());
  }

  private static Priority priority(Priority asked) {
    return asked == Priority.PRIORITY_INTERACTIVE ? asked : Priority.PRIORITY_BULK;
  }

  private static void checkMetadata(Map<String, String> metadata) throws RefusedException {
    if (metadata.size() > MOST_METADATA
        || metadata.values().stream().anyMatch(value -> value.length() > LONGEST_VALUE)
        || metadata.keySet().stream().anyMatch(name -> name.length() > LONGEST_VALUE)) {
      throw invalid(
          "metadata",
          "metadata may hold at most 16 pairs, of names and values of at most 512 characters.");
    }
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
