package dev.unmask.gateway.flow.jobs;

import com.google.protobuf.ByteString;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.FlowObserver;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.Quotas;
import dev.unmask.gateway.flow.admission.ValidCall;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.proto.MinReader;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.JobCancelAsked;
import dev.unmask.v1.JobRecord;
import dev.unmask.v1.JobSent;
import dev.unmask.v1.Priority;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with jobs; {@link JobView} is what they look like. Any thread; futures fail with
 * {@link RefusedException}.
 *
 * <p>A job is asked for by a record on a topic of one partition, which is read back: of two
 * gateways that ask under the same key at once the first one sends the request. A gateway that dies
 * between the two leaves a job that was not sent; whoever asks for it next sends it.
 */
public final class JobDesk {

  private static final Duration READ_BACK = Duration.ofSeconds(15);

  /** After which a job that was asked for and not sent is sent by whoever asks for it. */
  static final Duration UNSENT = Duration.ofSeconds(20);

  private final Gate gate;
  private final ClusterView cluster;
  private final JobTable table;
  private final JobView view;
  private final JobOutlet outlet;
  private final RoomCheck room;
  private final Quotas quotas;
  private final JobObserver observer;
  private final RandomGenerator random;
  private final Clock clock;

  /** Whether there is room for one more request. */
  @FunctionalInterface
  public interface RoomCheck {

    /**
     * Throws RESOURCE_EXHAUSTED when there is not.
     *
     * @param steps about how many denoising steps it takes
     */
    void check(String base, Priority priority, int steps, Duration timeLeft)
        throws RefusedException;
  }

  public JobDesk(
      Gate gate,
      ClusterView cluster,
      JobTable table,
      JobView view,
      JobOutlet outlet,
      RoomCheck room,
      Quotas quotas,
      JobObserver observer,
      RandomGenerator random,
      Clock clock) {
    this.gate = gate;
    this.cluster = cluster;
    this.table = table;
    this.view = view;
    this.outlet = outlet;
    this.room = room;
    this.quotas = quotas;
    this.observer = observer;
    this.random = random;
    this.clock = clock;
  }

  /**
   * What is asked for.
   *
   * @param who whose it is
   * @param key the caller's name for it, if it has one
   * @param fingerprint of all that was asked, to tell it from something else under the same key
   * @param life after which the result is worth nothing
   * @param keyedCall whether it is a call that somebody waits for
   * @param traceparent the span that it is a part of, if one is recorded
   */
  public record Asking(
      Principal who,
      @Nullable String key,
      ByteString fingerprint,
      ValidCall call,
      EventDetail detail,
      Priority priority,
      Duration life,
      Map<String, String> metadata,
      String replayOf,
      boolean keyedCall,
      @Nullable String traceparent) {

    String tenant() {
      return who.tenant();
    }
  }

  /**
   * A job that was found or asked for.
   *
   * @param replayed whether it was there before
   * @param told completes when the request is on its way
   */
  public record Submission(
      String id,
      String model,
      String digest,
      long createdAtMs,
      boolean replayed,
      CompletableFuture<@Nullable Void> told) {}

  /** Finds the job of a key, or asks for a new one. */
  public Submission submit(Asking asking) throws RefusedException {
    Refusal closed = gate.closedForGeneration().orElse(null);
    if (closed != null) {
      throw reject(
          gate.draining() ? FlowObserver.Rejection.DRAINING : FlowObserver.Rejection.NOT_READY,
          closed);
    }
    view.checkCaughtUp();
    String key = asking.key();
    if (key == null) {
      return ask(asking, String.format("job-%016x%016x", random.nextLong(), random.nextLong()));
    }
    IdempotencyKeys.check(key);
    // What failed may be tried again under its key: the next number is another job.
    for (int n = 1; ; n++) {
      String id = IdempotencyKeys.jobId(asking.tenant(), key, n);
      JobAsked known = table.asked(id).orElse(null);
      if (known == null) {
        return ask(asking, id);
      }
      if (!known.getFingerprint().equals(asking.fingerprint())) {
        throw IdempotencyKeys.usedOtherwise(key);
      }
      if (!table.failed(id)) {
        return found(id, known);
      }
    }
  }

  private RefusedException reject(FlowObserver.Rejection reason, Refusal refusal) {
    observer.rejected(reason, refusal);
    return new RefusedException(refusal);
  }

  private Submission found(String id, JobAsked known) {
    observer.repeated(id);
    Job head = table.head(id).orElseThrow();
    if (!table.sent(id) && head.getCreatedAtMs() < clock.millis() - UNSENT.toMillis()) {
      send(id, known, null, new CompletableFuture<>());
    }
    return new Submission(
        id,
        head.getModel(),
        head.getModelDigest(),
        head.getCreatedAtMs(),
        true,
        CompletableFuture.completedFuture(null));
  }

  private Submission ask(Asking asking, String id) throws RefusedException {
    ResolvedModel model = resolve(asking, id);
    if (table.full()) {
      throw reject(
          FlowObserver.Rejection.QUEUE_FULL,
          Refusal.temporary(
              ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED,
              "Jobs that have not ended fill this gateway's memory for them"
                  + " (unmask.gateway.jobs-memory); ask again later.",
              Duration.ofSeconds(10)));
    }
    try {
      quotas.charge(asking.tenant(), asking.call());
    } catch (RefusedException e) {
      throw reject(FlowObserver.Rejection.QUOTA, e.refusal());
    }
    room.check(model.base(), asking.priority(), asking.call().steps(), asking.life());
    Instant now = clock.instant();
    GenerationJob.Builder job = GenerationJob.newBuilder();
    asking.call().addTo(job, model.name(), () -> IdempotencyKeys.seed(id));
    long token = random.nextLong();
    JobAsked asked =
        JobAsked.newBuilder()
            .setTenant(asking.tenant())
            .setJob(
                job.setMinReader(MinReader.of(job))
                    .setRequestId(id)
                    .setTenant(asking.tenant())
                    .setModelDigest(model.digest())
                    .setDeadlineAtMs(now.plus(asking.life()).toEpochMilli())
                    .setAdmittedAtMs(now.toEpochMilli())
                    .setEvents(asking.detail()))
            .setBase(model.base())
            .setPriority(asking.priority())
            .setFingerprint(asking.fingerprint())
            .setToken(token)
            .putAllMetadata(asking.metadata())
            .setReplayOf(asking.replayOf())
            .setKeyedCall(asking.keyedCall())
            .build();
    CompletableFuture<@Nullable Void> told = new CompletableFuture<>();
    ObservedJob observed = new ObservedJob(table, observer, id, asked);
    Runnable readBack =
        () ->
            table
                .asked(id)
                .ifPresent(first -> {
                  if (first.getToken() == token) {
                    observed.start();
                    send(id, asked, asking.traceparent(), told);
                  } else {
                    told.complete(null);
                  }
                });
    Once once = new Once(readBack, () -> table.asked(id).isPresent());
    table.watch(id, once);
    outlet.send(
        record(id).setAsked(asked).build(),
        failure -> {
          if (failure != null) {
            told.completeExceptionally(unavailable("The job could not be written", failure));
          }
        });
    var unused =
        told.orTimeout(READ_BACK.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete((done, failure) -> table.unwatch(id, once));
    return new Submission(
        id, model.name(), model.digest(), now.toEpochMilli(), false, refusing(told));
  }

  private ResolvedModel resolve(Asking asking, String id) throws RefusedException {
    ValidCall call = asking.call();
    try {
      ResolvedModel model = cluster.resolve(call.model(), asking.who(), id);
      call.checkAgainst(model);
      return model;
    } catch (RefusedException e) {
      throw reject(
          e.refusal().code() == ErrorCode.ERROR_CODE_NOT_FOUND
              ? FlowObserver.Rejection.UNKNOWN_MODEL
              : FlowObserver.Rejection.INVALID,
          e.refusal());
    }
  }

  private static CompletableFuture<@Nullable Void> refusing(
      CompletableFuture<@Nullable Void> told) {
    return told.exceptionallyCompose(failure ->
        CompletableFuture.failedFuture(
            failure instanceof RefusedException
                ? failure
                : unavailable("The job was not confirmed", failure)));
  }

  private void send(
      String id,
      JobAsked asked,
      @Nullable String traceparent,
      CompletableFuture<@Nullable Void> told) {
    outlet.request(
        asked.getBase(),
        asked.getPriority() != Priority.PRIORITY_INTERACTIVE,
        asked.getJob(),
        traceparent,
        failure -> {
          if (failure != null) {
            told.completeExceptionally(unavailable("The request could not be queued", failure));
            return;
          }
          // Without this word the request might be sent again, which costs work and changes
          // nothing.
          outlet.send(record(id).setSent(JobSent.getDefaultInstance()).build(), lost -> {});
          told.complete(null);
        });
  }

  private JobRecord.Builder record(String id) {
    return JobRecord.newBuilder().setMinReader(1).setJobId(id).setAtMs(clock.millis());
  }

  /** A call under a key. Called on {@code context}. */
  public KeyedCall follow(
      Asking asking, long afterSeq, Duration patience, CallContext context, CallSink sink)
      throws RefusedException {
    Submission job = submit(asking);
    KeyedCall call = new KeyedCall(job, patience, context, sink);
    boolean onlyEnd = asking.detail() == EventDetail.EVENT_DETAIL_FINAL && afterSeq == 0;
    call.start(view.follower(job.id(), afterSeq, onlyEnd, context, call));
    return call;
  }

  /** Ends a job; one that has ended is returned as it is, without its result. */
  public CompletableFuture<Job> cancel(String tenant, String id) throws RefusedException {
    Job head = view.head(tenant, "id", id);
    if (head.getEndedAtMs() > 0) {
      return CompletableFuture.completedFuture(head);
    }
    gate.enter();
    CompletableFuture<Job> told = new CompletableFuture<>();
    outlet.cancel(id, "The job was cancelled.", Instant.ofEpochMilli(head.getDeadlineAtMs()));
    JobRecord record = record(id).setCancel(JobCancelAsked.getDefaultInstance()).build();
    outlet.send(
        record,
        failure -> {
          if (failure == null) {
            // The caller may ask at once; the record is read back a moment later.
            table.apply(record, new JobPlace("", 0, 0));
            told.complete(table.head(id).orElse(head));
          } else {
            told.completeExceptionally(unavailable("The cancel could not be written", failure));
          }
        });
    return told;
  }

  private static RefusedException unavailable(String what, Throwable failure) {
    return new RefusedException(
        Refusal.temporary(
            ErrorCode.ERROR_CODE_UNAVAILABLE,
            what + ": " + failure.getMessage(),
            Duration.ofSeconds(1)));
  }
}
