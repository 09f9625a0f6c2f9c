package dev.unmask.gateway.api;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.gateway.flow.finetuning.CreateRules;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.gateway.messaging.KafkaOutbox;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.StoreException;
import dev.unmask.v1.CancelFineTuningJobRequest;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ListFineTuningCheckpointsRequest;
import dev.unmask.v1.ListFineTuningCheckpointsResponse;
import dev.unmask.v1.ListFineTuningEventsRequest;
import dev.unmask.v1.ListFineTuningEventsResponse;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListFineTuningJobsResponse;
import dev.unmask.v1.PauseFineTuningJobRequest;
import dev.unmask.v1.ResumeFineTuningJobRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Fine-tuning jobs. What changes a job is a command to the trainers, answered with the job as it is
 * when the broker has the command; what a trainer then does is an event.
 */
@GrpcService
public class FineTuningService extends FineTuningGrpc.FineTuningImplBase {

  private final Gate gate;
  private final ClusterView cluster;
  private final FineTuneJobs jobs;
  private final KafkaOutbox outbox;
  private final ArtifactStore store;
  private final Vertx vertx;
  private final SecureRandom random = new SecureRandom();

  public FineTuningService(
      Gate gate,
      ClusterView cluster,
      FineTuneJobs jobs,
      KafkaOutbox outbox,
      ArtifactStore store,
      Vertx vertx) {
    this.gate = gate;
    this.cluster = cluster;
    this.jobs = jobs;
    this.outbox = outbox;
    this.store = store;
    this.vertx = vertx;
  }

  @Override
  public void create(CreateFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    var observer = (ServerCallStreamObserver<FineTuningJob>) responses;
    // The job lives on when its creator is gone; without a handler the late reply would throw.
    observer.setOnCancelHandler(() -> {});
    CallContext context = VertxCallContext.current(vertx);
    Thread.ofVirtual()
        .name("finetune-create")
        .start(() -> {
          try {
            begin(request, context, observer);
          } catch (RefusedException e) {
            context.execute(() -> observer.onError(StatusMapping.exception(e.refusal())));
          }
        });
  }

  private void begin(
      CreateFineTuningJobRequest request,
      CallContext context,
      ServerCallStreamObserver<FineTuningJob> observer)
      throws RefusedException {
    checkGate();
    ModelName name = CreateRules.check(request);
    ResolvedModel model = cluster.resolve(name);
    if (!CreateRules.isTopic(request.getTrainingFile())) {
      checkFile("training_file", request.getTrainingFile());
    }
    if (!request.getValidationFile().isEmpty()) {
      checkFile("validation_file", request.getValidationFile());
    }
    FineTuneCommand command =
        CreateRules.start(request, model, Clock.systemUTC().instant(), random);
    send(command, context, observer);
  }

  /** Sends a command and answers with the job as it is then. */
  private void send(
      FineTuneCommand command,
      CallContext context,
      ServerCallStreamObserver<FineTuningJob> observer) {
    outbox.send(
        command,
        failure -> {
          if (failure == null) {
            // The caller may ask at once; the record is read back a moment later.
            jobs.apply(command);
          }
          context.execute(() -> {
            if (failure == null) {
              observer.onNext(jobs.job(command.getJobId()).orElseThrow());
              observer.onCompleted();
            } else {
              observer.onError(
                  StatusMapping.exception(
                      Refusal.temporary(
                          ErrorCode.ERROR_CODE_UNAVAILABLE,
                          "The trainers could not be told: " + failure.getMessage(),
                          Duration.ofSeconds(1))));
            }
          });
        });
  }

  /** Makes the command for a job that is still under way. */
  @FunctionalInterface
  private interface Change {
    FineTuneCommand command(FineTuningJob job, Instant now) throws RefusedException;
  }

  private void change(
      Message request, String id, Change change, StreamObserver<FineTuningJob> responses) {
    var observer = (ServerCallStreamObserver<FineTuningJob>) responses;
    // The change is made whether or not anybody waits for the answer.
    observer.setOnCancelHandler(() -> {});
    try {
      UnknownFields.refuse(request);
      checkGate();
      FineTuningJob job = find(id);
      send(
          change.command(job, Clock.systemUTC().instant()),
          VertxCallContext.current(vertx),
          observer);
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  @Override
  public void cancel(CancelFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    FineTuningJob ended = jobs.job(request.getId()).filter(FineTuneJobs::hasEnded).orElse(null);
    if (ended != null) {
      responses.onNext(ended);
      responses.onCompleted();
      return;
    }
    change(request, request.getId(), (job, now) -> CreateRules.cancel(job.getId(), now), responses);
  }

  @Override
  public void pause(PauseFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    change(
        request,
        request.getId(),
        (job, now) -> {
          if (FineTuneJobs.hasEnded(job)) {
            throw ended(job, "paused");
          }
          return CreateRules.pause(job.getId(), now);
        },
        responses);
  }

  @Override
  public void resume(ResumeFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    change(
        request,
        request.getId(),
        (job, now) -> {
          if (FineTuneJobs.hasEnded(job)) {
            throw ended(job, "resumed");
          }
          if (job.getStatus() != JobStatus.JOB_STATUS_PAUSED) {
            throw new RefusedException(
                Refusal.of(
                    ErrorCode.ERROR_CODE_FAILED_PRECONDITION,
                    "The job " + job.getId() + " is not paused, so it cannot be resumed."));
          }
          return CreateRules.resume(job, now);
        },
        responses);
  }

  private static RefusedException ended(FineTuningJob job, String what) {
    return new RefusedException(
        Refusal.of(
            ErrorCode.ERROR_CODE_FAILED_PRECONDITION,
            "The job " + job.getId() + " has ended, so it cannot be " + what + "."));
  }

  @Override
  public void list(
      ListFineTuningJobsRequest request, StreamObserver<ListFineTuningJobsResponse> responses) {
    answer(
        request,
        responses,
        () -> {
          checkGateForReading();
          int limit = Paging.limit(request.getLimit(), 20, 100);
          var page =
              jobs.list(request.getAfter(), limit)
                  .orElseThrow(() -> noJob("after", request.getAfter()));
          return ListFineTuningJobsResponse.newBuilder()
              .addAllJobs(page.items())
              .setHasMore(page.more())
              .build();
        });
  }

  @Override
  public void listEvents(
      ListFineTuningEventsRequest request, StreamObserver<ListFineTuningEventsResponse> responses) {
    answer(
        request,
        responses,
        () -> {
          FineTuningJob job = find(request.getId());
          int limit = Paging.limit(request.getLimit(), 100, 1000);
          long after = request.getAfterSeq() == 0 ? -1 : request.getAfterSeq();
          var page = jobs.events(job.getId(), after, limit);
          return ListFineTuningEventsResponse.newBuilder()
              .addAllEvents(page.items())
              .setHasMore(page.more())
              .build();
        });
  }

  @Override
  public void listCheckpoints(
      ListFineTuningCheckpointsRequest request,
      StreamObserver<ListFineTuningCheckpointsResponse> responses) {
    answer(
        request,
        responses,
        () ->
            ListFineTuningCheckpointsResponse.newBuilder()
                .addAllCheckpoints(jobs.checkpoints(find(request.getId()).getId()))
                .build());
  }

  /** Something that is at hand. */
  @FunctionalInterface
  private interface Answer<T> {
    T get() throws RefusedException;
  }

  private static <T> void answer(Message request, StreamObserver<T> responses, Answer<T> answer) {
    try {
      UnknownFields.refuse(request);
      responses.onNext(answer.get());
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    }
  }

  @Override
  public void get(GetFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    answer(request, responses, () -> find(request.getId()));
  }

  @Override
  public void watch(WatchFineTuningJobRequest request, StreamObserver<FineTuneEvent> responses) {
    var observer = (ServerCallStreamObserver<FineTuneEvent>) responses;
    try {
      UnknownFields.refuse(request);
      if (request.getAfterSeq() < 0) {
        throw new RefusedException(
            Refusal.invalid("after_seq", "after_seq is negative; sequence numbers start at 0."));
      }
      find(request.getId());
      new JobWatch(
              jobs,
              request.getId(),
              request.getAfterSeq(),
              VertxCallContext.current(vertx),
              observer)
          .start();
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  private void checkGate() throws RefusedException {
    Refusal closed = gate.closed().orElse(null);
    if (closed != null) {
      throw new RefusedException(closed);
    }
  }

  private void checkFile(String field, String id) throws RefusedException {
    try {
      if (store.file(id).isEmpty()) {
        throw new RefusedException(
            new Refusal(
                ErrorCode.ERROR_CODE_NOT_FOUND,
                "There is no uploaded file \"" + id + "\"; upload it with Files.Upload first.",
                field,
                null));
      }
    } catch (StoreException e) {
      throw new RefusedException(
          Refusal.of(ErrorCode.ERROR_CODE_INTERNAL, "The store failed: " + e.getMessage()));
    }
  }

  private FineTuningJob find(String id) throws RefusedException {
    checkGateForReading();
    return jobs.job(id).orElseThrow(() -> noJob("id", id));
  }

  private static RefusedException noJob(String field, String id) {
    return new RefusedException(
        new Refusal(
            ErrorCode.ERROR_CODE_NOT_FOUND,
            "There is no fine-tuning job \"" + id + "\".",
            field,
            null));
  }

  private void checkGateForReading() throws RefusedException {
    if (!gate.draining()) {
      checkGate();
    }
  }
}
