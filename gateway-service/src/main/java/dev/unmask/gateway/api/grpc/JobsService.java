package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.jobs.JobFollower;
import dev.unmask.gateway.flow.jobs.JobReception;
import dev.unmask.v1.CancelJobRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GetJobRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.ListJobsRequest;
import dev.unmask.v1.ListJobsResponse;
import dev.unmask.v1.ReplayJobRequest;
import dev.unmask.v1.SubmitJobRequest;
import dev.unmask.v1.WatchJobRequest;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;

/** Work whose result outlives whoever asked, over gRPC. */
@GrpcService
public class JobsService implements JobsGrpc.AsyncService, BindableService {

  private final JobReception reception;
  private final Vertx vertx;

  public JobsService(JobReception reception, Vertx vertx) {
    this.reception = reception;
    this.vertx = vertx;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(JobsGrpc.bindService(this));
  }

  @Override
  public void submit(SubmitJobRequest request, StreamObserver<Job> responses) {
    Origin origin = CallerContext.origin();
    told(request, responses, () -> reception.submit(request, origin));
  }

  @Override
  public void cancel(CancelJobRequest request, StreamObserver<Job> responses) {
    Origin origin = CallerContext.origin();
    told(request, responses, () -> reception.desk().cancel(origin.tenant(), request.getId()));
  }

  @Override
  public void replay(ReplayJobRequest request, StreamObserver<Job> responses) {
    Origin origin = CallerContext.origin();
    told(request, responses, () -> reception.replay(request.getId(), origin));
  }

  @Override
  public void get(GetJobRequest request, StreamObserver<Job> responses) {
    Origin origin = CallerContext.origin();
    StoreWork.answer(
        vertx, request, responses, () -> reception.view().get(origin.tenant(), request.getId()));
  }

  @Override
  public void list(ListJobsRequest request, StreamObserver<ListJobsResponse> responses) {
    Origin origin = CallerContext.origin();
    StoreWork.answer(
        vertx,
        request,
        responses,
        () -> {
          Page<Job> page =
              reception.view().list(origin.tenant(), request.getAfter(), request.getLimit());
          return ListJobsResponse.newBuilder()
              .addAllJobs(page.items())
              .setHasMore(page.more())
              .build();
        });
  }

  @Override
  public void watch(WatchJobRequest request, StreamObserver<GenerationEvent> responses) {
    var observer = (ServerCallStreamObserver<GenerationEvent>) responses;
    try {
      UnknownFields.refuse(request);
      JobFollower follower =
          reception
              .view()
              .watch(
                  CallerContext.origin().tenant(),
                  request.getId(),
                  request.getAfterSeq(),
                  VertxCallContext.current(vertx),
                  new Watcher(observer));
      observer.setOnReadyHandler(follower::wake);
      observer.setOnCancelHandler(follower::stop);
      follower.start();
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  /** Writes a job's events. */
  private record Watcher(ServerCallStreamObserver<GenerationEvent> observer)
      implements JobFollower.Listener {

    @Override
    public boolean isReady() {
      return observer.isReady();
    }

    @Override
    public void event(GenerationEvent event) {
      observer.onNext(event);
    }

    @Override
    public void end(GenerationEvent event) {
      observer.onNext(event);
      observer.onCompleted();
    }

    @Override
    public void refused(Refusal refusal) {
      observer.onError(StatusMapping.exception(refusal));
    }
  }

  /** On a thread of its own: a replay may have to read its original from Kafka. */
  private void told(Message request, StreamObserver<Job> responses, Replies.Telling<Job> telling) {
    var observer = Replies.outliving(responses);
    CallContext context = VertxCallContext.current(vertx);
    var unused =
        Thread.ofVirtual()
            .name("jobs")
            .start(() ->
                Replies.whenTold(
                    context,
                    observer,
                    () -> {
                      UnknownFields.refuse(request);
                      return telling.told();
                    }));
  }
}
