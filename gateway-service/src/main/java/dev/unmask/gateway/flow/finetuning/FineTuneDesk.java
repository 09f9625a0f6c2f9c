package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.Created;
import dev.unmask.gateway.flow.Creation;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Paging;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.gateway.flow.jobs.IdempotencyKeys;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningCheckpoint;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with fine-tuning jobs, whatever protocol asks. What changes a job is a command
 * to the trainers, answered with the job as it is when the broker has the command; what a trainer
 * then does is an event.
 *
 * <p>A tenant sees its own jobs, operators see all. Any thread; only {@link #create} may block. A
 * future that a method returns completes on a Kafka client's thread, with {@link RefusedException}
 * when the trainers could not be told.
 */
public final class FineTuneDesk {

  private final Gate gate;
  private final ClusterView cluster;
  private final FineTuneJobs jobs;
  private final CommandOutbox outbox;
  private final FileShelf files;
  private final RandomGenerator random;
  private final Tracing tracing;
  private final Clock clock;

  public FineTuneDesk(
      Gate gate,
      ClusterView cluster,
      FineTuneJobs jobs,
      CommandOutbox outbox,
      FileShelf files,
      RandomGenerator random,
      Tracing tracing,
      Clock clock) {
    this.gate = gate;
    this.cluster = cluster;
    this.jobs = jobs;
    this.outbox = outbox;
    this.files = files;
    this.random = random;
    this.tracing = tracing;
    this.clock = clock;
  }

  /** Asks for a job, or finds the one of the caller's key. Blocks on the store. */
  public CompletableFuture<Created<FineTuningJob>> create(
      CreateFineTuningJobRequest request, Origin origin) throws RefusedException {
    TraceSpan span =
        tracing.begin("create fine-tuning job", TraceSpan.Kind.SERVER, origin.traceparent());
    try {
      return create(request, origin, span)
          .whenComplete((created, failure) -> {
            if (created != null) {
              span.set("unmask.id", created.what().getId());
            }
            (failure == null ? span : span.failed("unavailable")).end();
          });
    } catch (RefusedException e) {
      span.failed(e.refusal().label()).end();
      throw e;
    }
  }

  private CompletableFuture<Created<FineTuningJob>> create(
      CreateFineTuningJobRequest request, Origin origin, TraceSpan span) throws RefusedException {
    gate.enter();
    String key = origin.key();
    if (key == null) {
      return send(
              CreateRules.start(
                  origin.tenant(), request, model(origin.who(), request), clock.instant(), random),
              span.traceparent())
          .thenApply(job -> new Created<>(job, false));
    }
    IdempotencyKeys.check(key);
    String id = IdempotencyKeys.id("ftjob-", origin.tenant(), key);
    Creation mine = new Creation(random.nextLong() | 1, IdempotencyKeys.fingerprint(request));
    CompletableFuture<Created<FineTuningJob>> first =
        jobs.creations().first(id, key, mine, () -> jobs.job(id).orElseThrow());
    if (jobs.creations().known(id)) {
      return first;
    }
    FineTuneCommand.Builder command =
        CreateRules.start(
            id, origin.tenant(), request, model(origin.who(), request), clock.instant(), random)
            .toBuilder();
    command.getStartBuilder().setToken(mine.token()).setFingerprint(mine.fingerprint());
    return told(command.build(), span.traceparent()).thenCompose(sent -> first);
  }

  private ResolvedModel model(Principal who, CreateFineTuningJobRequest request)
      throws RefusedException {
    ModelName name = CreateRules.check(request);
    checkRights(who, request);
    ResolvedModel model = cluster.resolve(name, who);
    if (!CreateRules.isTopic(request.getTrainingFile())) {
      var unused = files.require(who.tenant(), "training_file", request.getTrainingFile());
    }
    if (!request.getValidationFile().isEmpty()) {
      var unused = files.require(who.tenant(), "validation_file", request.getValidationFile());
    }
    return model;
  }

  /** What decides for everybody, or shows what everybody wrote, is for operators. */
  private static void checkRights(Principal who, CreateFineTuningJobRequest request)
      throws RefusedException {
    if (who.isAdmin()) {
      return;
    }
    if (request.getAutoActivate()) {
      throw forOperators(
          "auto_activate",
          "auto_activate moves what everybody gets, which is for operators; leave it out, and"
              + " ask one to activate the result (`unmask models activate`).");
    }
    if (CreateRules.isTopic(request.getTrainingFile())) {
      throw forOperators(
          "training_file",
          "training_file names a topic that everybody's dialogues are on, which is for operators;"
              + " upload a file and give its id.");
    }
  }

  private static RefusedException forOperators(String field, String message) {
    return new RefusedException(
        new Refusal(ErrorCode.ERROR_CODE_PERMISSION_DENIED, message, field, null));
  }

  /** Ends a job; one that has ended is returned as it is. */
  public CompletableFuture<FineTuningJob> cancel(Principal who, String id) throws RefusedException {
    FineTuningJob ended =
        jobs.job(id)
            .filter(job -> who.sees(job.getTenant()))
            .filter(FineTuneJobs::hasEnded)
            .orElse(null);
    if (ended != null) {
      return CompletableFuture.completedFuture(ended);
    }
    gate.enter();
    return send(CreateRules.cancel(find(who, "id", id).getId(), clock.instant()));
  }

  /** Stops a job that has not ended and keeps its state. */
  public CompletableFuture<FineTuningJob> pause(Principal who, String id) throws RefusedException {
    gate.enter();
    return send(CreateRules.pause(underWay(who, id, "paused").getId(), clock.instant()));
  }

  /** Queues a paused job again. */
  public CompletableFuture<FineTuningJob> resume(Principal who, String id) throws RefusedException {
    gate.enter();
    FineTuningJob job = underWay(who, id, "resumed");
    if (job.getStatus() != JobStatus.JOB_STATUS_PAUSED) {
      throw new RefusedException(
          Refusal.of(
              ErrorCode.ERROR_CODE_FAILED_PRECONDITION,
              "The job " + job.getId() + " is not paused, so it cannot be resumed."));
    }
    return send(CreateRules.resume(job, clock.instant()));
  }

  public FineTuningJob get(Principal who, String id) throws RefusedException {
    return find(who, "id", id);
  }

  /**
   * At most {@code asked} jobs, newest first.
   *
   * @param after the id before the first; empty for the newest
   * @param asked 0 for the usual number
   */
  public Page<FineTuningJob> list(Principal who, String after, int asked) throws RefusedException {
    gate.look();
    int most = Paging.limit(asked, 20, 100);
    return jobs.list(job -> who.sees(job.getTenant()), after, most)
        .orElseThrow(() -> noJob("after", after));
  }

  /**
   * At most {@code asked} events of a job, oldest first.
   *
   * @param afterSeq the last event the caller has; 0 asks for all of them
   * @param asked 0 for the usual number
   */
  public Page<FineTuneEvent> events(Principal who, String id, long afterSeq, int asked)
      throws RefusedException {
    FineTuningJob job = find(who, "id", id);
    int most = Paging.limit(asked, 100, 1000);
    return jobs.events(job.getId(), afterSeq == 0 ? -1 : afterSeq, most);
  }

  /**
   * At most {@code asked} events of a job, newest first.
   *
   * @param seq only those before it
   * @param asked 0 for the usual number
   */
  public Page<FineTuneEvent> eventsBefore(Principal who, String id, long seq, int asked)
      throws RefusedException {
    FineTuningJob job = find(who, "id", id);
    return jobs.eventsBefore(job.getId(), seq, Paging.limit(asked, 20, 1000));
  }

  /** What a job has published, newest first. */
  public List<FineTuningCheckpoint> checkpoints(Principal who, String id) throws RefusedException {
    return jobs.checkpoints(find(who, "id", id).getId());
  }

  private CompletableFuture<FineTuningJob> send(FineTuneCommand command) {
    return send(command, null);
  }

  private CompletableFuture<FineTuningJob> send(
      FineTuneCommand command, @Nullable String traceparent) {
    return told(command, traceparent)
        .thenApply(sent -> {
          // The caller may ask at once; the record is read back a moment later.
          jobs.apply(command);
          return jobs.job(command.getJobId()).orElseThrow();
        });
  }

  private CompletableFuture<@Nullable Void> told(
      FineTuneCommand command, @Nullable String traceparent) {
    CompletableFuture<@Nullable Void> told = new CompletableFuture<>();
    outbox.send(
        command,
        traceparent,
        failure -> {
          if (failure == null) {
            told.complete(null);
          } else {
            told.completeExceptionally(
                new RefusedException(
                    Refusal.temporary(
                        ErrorCode.ERROR_CODE_UNAVAILABLE,
                        "The trainers could not be told: " + failure.getMessage(),
                        Duration.ofSeconds(1))));
          }
        });
    return told;
  }

  private FineTuningJob underWay(Principal who, String id, String what) throws RefusedException {
    FineTuningJob job = find(who, "id", id);
    if (FineTuneJobs.hasEnded(job)) {
      throw new RefusedException(
          Refusal.of(
              ErrorCode.ERROR_CODE_FAILED_PRECONDITION,
              "The job " + job.getId() + " has ended, so it cannot be " + what + "."));
    }
    return job;
  }

  private FineTuningJob find(Principal who, String field, String id) throws RefusedException {
    gate.look();
    return jobs.job(id)
        .filter(job -> who.sees(job.getTenant()))
        .orElseThrow(() -> noJob(field, id));
  }

  private static RefusedException noJob(String field, String id) {
    return new RefusedException(
        new Refusal(
            ErrorCode.ERROR_CODE_NOT_FOUND,
            "There is no fine-tuning job \"" + id + "\".",
            field,
            null));
  }
}
