package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Created;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.finetuning.FineTuneDesk;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.v1.CancelFineTuningJobRequest;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.ListFineTuningCheckpointsRequest;
import dev.unmask.v1.ListFineTuningCheckpointsResponse;
import dev.unmask.v1.ListFineTuningEventsRequest;
import dev.unmask.v1.ListFineTuningEventsResponse;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListFineTuningJobsResponse;
import dev.unmask.v1.PauseFineTuningJobRequest;
import dev.unmask.v1.ResumeFineTuningJobRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;

/** Fine-tuning jobs over gRPC. */
@GrpcService
public class FineTuningService implements FineTuningGrpc.AsyncService, BindableService {

  private final FineTuneDesk desk;
  private final FineTuneJobs jobs;
  private final Vertx vertx;

  public FineTuningService(FineTuneDesk desk, FineTuneJobs jobs, Vertx vertx) {
    this.desk = desk;
    this.jobs = jobs;
    this.vertx = vertx;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(FineTuningGrpc.bindService(this));
  }

  @Override
  public void create(CreateFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    CallContext context = VertxCallContext.current(vertx);
    var observer = Replies.outliving(responses);
    Origin origin = CallerContext.origin();
    Thread.ofVirtual()
        .name("finetune-create")
        .start(() ->
            Replies.whenTold(
                context, observer, () -> desk.create(request, origin).thenApply(Created::what)));
  }

  @Override
  public void cancel(CancelFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    Principal who = CallerContext.origin().who();
    change(request, responses, () -> desk.cancel(who, request.getId()));
  }

  @Override
  public void pause(PauseFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    Principal who = CallerContext.origin().who();
    change(request, responses, () -> desk.pause(who, request.getId()));
  }

  @Override
  public void resume(ResumeFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    Principal who = CallerContext.origin().who();
    change(request, responses, () -> desk.resume(who, request.getId()));
  }

  private void change(
      Message request,
      StreamObserver<FineTuningJob> responses,
      Replies.Telling<FineTuningJob> change) {
    Replies.whenTold(
        VertxCallContext.current(vertx),
        Replies.outliving(responses),
        () -> {
          UnknownFields.refuse(request);
          return change.told();
        });
  }

  @Override
  public void list(
      ListFineTuningJobsRequest request, StreamObserver<ListFineTuningJobsResponse> responses) {
    Replies.now(
        request,
        responses,
        () -> {
          Page<FineTuningJob> page =
              desk.list(CallerContext.origin().who(), request.getAfter(), request.getLimit());
          return ListFineTuningJobsResponse.newBuilder()
              .addAllJobs(page.items())
              .setHasMore(page.more())
              .build();
        });
  }

  @Override
  public void listEvents(
      ListFineTuningEventsRequest request, StreamObserver<ListFineTuningEventsResponse> responses) {
    Replies.now(
        request,
        responses,
        () -> {
          Page<FineTuneEvent> page =
              desk.events(
                  CallerContext.origin().who(),
                  request.getId(),
                  request.getAfterSeq(),
                  request.getLimit());
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
    Replies.now(
        request,
        responses,
        () ->
            ListFineTuningCheckpointsResponse.newBuilder()
                .addAllCheckpoints(desk.checkpoints(CallerContext.origin().who(), request.getId()))
                .build());
  }

  @Override
  public void get(GetFineTuningJobRequest request, StreamObserver<FineTuningJob> responses) {
    Replies.now(request, responses, () -> desk.get(CallerContext.origin().who(), request.getId()));
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
      String id = desk.get(CallerContext.origin().who(), request.getId()).getId();
      new JobWatch(jobs, id, request.getAfterSeq(), VertxCallContext.current(vertx), observer)
          .start();
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }
}
