package dev.unmask.gateway.api;

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
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;

/** Create, Get and Watch of fine-tuning jobs. */
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
    checkFile(request.getTrainingFile());
    FineTuneCommand command =
        CreateRules.start(request, model, Clock.systemUTC().instant(), random);
    outbox.send(
        command,
        failure -> {
          if (failure == null) {
            // The creator may ask at once; the record is read back a moment later.
            jobs.apply(command);
          }
          context.execute(() -> {
            if (failure == null) {
              observer.onNext(command.getStart().getJob());
              observer.onCompleted();
            } else {
              observer.onError(
                  StatusMapping.exception(
                      Refusal.temporary(
                          ErrorCode.ERROR_CODE_UNAVAILABLE,
                          "The job could not be queued: " + failure.getMessage(),
                          Duration.ofSeconds(1))));
            }
          });
        });
  }

  @Override
  public void get(GetFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    try {
      UnknownFields.refuse(request);
      FineTuningJob job = find(request.getId());
      responses.onNext(job);
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    }
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

  private void checkFile(String id) throws RefusedException {
    try {
      if (store.file(id).isEmpty()) {
        throw new RefusedException(
            new Refusal(
                ErrorCode.ERROR_CODE_NOT_FOUND,
                "There is no uploaded file \"" + id + "\"; upload it with Files.Upload first.",
                "training_file",
                null));
      }
    } catch (StoreException e) {
      throw new RefusedException(
          Refusal.of(ErrorCode.ERROR_CODE_INTERNAL, "The store failed: " + e.getMessage()));
    }
  }

  private FineTuningJob find(String id) throws RefusedException {
    checkGateForReading();
    return jobs.job(id)
        .orElseThrow(() ->
            new RefusedException(
                new Refusal(
                    ErrorCode.ERROR_CODE_NOT_FOUND,
                    "There is no fine-tuning job \"" + id + "\".",
                    "id",
                    null)));
  }

  private void checkGateForReading() throws RefusedException {
    if (!gate.draining()) {
      checkGate();
    }
  }
}
