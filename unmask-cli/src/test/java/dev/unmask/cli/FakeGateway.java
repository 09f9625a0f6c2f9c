package dev.unmask.cli;

import com.google.protobuf.ByteString;
import dev.unmask.v1.AdminGrpc;
import dev.unmask.v1.CancelFineTuningJobRequest;
import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.DeleteFileRequest;
import dev.unmask.v1.DeleteFileResponse;
import dev.unmask.v1.File;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.GetServerInfoRequest;
import dev.unmask.v1.ListFineTuningEventsRequest;
import dev.unmask.v1.ListFineTuningEventsResponse;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListFineTuningJobsResponse;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ListModelsResponse;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.ModelsGrpc;
import dev.unmask.v1.PauseFineTuningJobRequest;
import dev.unmask.v1.ResumeFineTuningJobRequest;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.ServerInfo;
import dev.unmask.v1.SlotCommit;
import dev.unmask.v1.TokenScore;
import dev.unmask.v1.UploadRequest;
import dev.unmask.v1.Usage;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A gateway that answers by script, over a real connection: what it was asked can be looked at, and
 * a failure can be ordered.
 */
public final class FakeGateway implements AutoCloseable {

  public static final String DIGEST = "sha256:" + "ab".repeat(32);

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final AtomicReference<@Nullable Status> jobRefusal = new AtomicReference<>();
  private final AtomicBoolean activates = new AtomicBoolean(true);
  private final List<String> deleted = new CopyOnWriteArrayList<>();
  private final List<String> keys = new CopyOnWriteArrayList<>();
  private final Server server;
  private final List<ScoreRequest> scored = Collections.synchronizedList(new ArrayList<>());
  private final List<GenerateRequest> asked = Collections.synchronizedList(new ArrayList<>());
  private final List<String> changes = new CopyOnWriteArrayList<>();
  private final List<CreateFineTuningJobRequest> created =
      Collections.synchronizedList(new ArrayList<>());
  private final AtomicReference<Status> failure = new AtomicReference<>(Status.OK);
  private final AtomicReference<ByteString> uploaded = new AtomicReference<>(ByteString.EMPTY);
  private final AtomicReference<FineTuningJob> job =
      new AtomicReference<>(FineTuningJob.getDefaultInstance());
  private final List<FineTuneEvent> events = Collections.synchronizedList(new ArrayList<>());
  private final Deque<ServerInfo> told = new ConcurrentLinkedDeque<>();
  private final AtomicReference<ModelVersion> version =
      new AtomicReference<>(ModelVersion.getDefaultInstance());

  private FakeGateway(ServerCredentials credentials) throws IOException {
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), credentials)
            .addService(new Generation())
            .addService(new Files())
            .addService(new FineTuning())
            .addService(new Models())
            .addService(new Admin())
            .intercept(
                new ServerInterceptor() {
                  @Override
                  public <Q, S> ServerCall.Listener<Q> interceptCall(
                      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
                    keys.add(String.valueOf(headers.get(AUTHORIZATION)));
                    return next.startCall(call, headers);
                  }
                })
            .build()
            .start();
  }

  public static FakeGateway start() throws IOException {
    return start(InsecureServerCredentials.create());
  }

  /** One whose port is encrypted, or not, as the credentials say. */
  public static FakeGateway start(ServerCredentials credentials) throws IOException {
    return new FakeGateway(credentials);
  }

  public String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /** From now on every call fails so. */
  public void failWith(Status status) {
    failure.set(status);
  }

  /** What came as authorization with each call, {@code null} as text where nothing did. */
  public List<String> keys() {
    return List.copyOf(keys);
  }

  /** The requests to score, in order. */
  public List<ScoreRequest> scored() {
    return List.copyOf(scored);
  }

  public List<GenerateRequest> asked() {
    return List.copyOf(asked);
  }

  /** What was to happen to jobs, as "pause ID". */
  public List<String> changes() {
    return List.copyOf(changes);
  }

  public List<CreateFineTuningJobRequest> created() {
    return List.copyOf(created);
  }

  public ByteString uploaded() {
    return uploaded.get();
  }

  /** How the next job ends, and what is told on the way. */
  public void script(FineTuningJob ended, List<FineTuneEvent> history) {
    job.set(ended);
    events.clear();
    events.addAll(history);
  }

  /**
   * What the gateway says of the cluster: the first at once, each other one at the next question.
   */
  public void tell(ServerInfo... infos) {
    told.clear();
    told.addAll(List.of(infos));
  }

  public void publish(ModelVersion model) {
    version.set(model);
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private boolean failed(StreamObserver<?> reply) {
    if (failure.get().isOk()) {
      return false;
    }
    reply.onError(failure.get().asRuntimeException());
    return true;
  }

  /** From now on no job is created that activates its result. */
  public void refuseActivation() {
    activates.set(false);
  }

  /** From now on no job is created. */
  public void refuseJobs(Status why) {
    jobRefusal.set(why);
  }

  /** The ids of the files that were deleted. */
  public List<String> deleted() {
    return deleted;
  }

  private static <T> void answer(StreamObserver<T> reply, T message) {
    reply.onNext(message);
    reply.onCompleted();
  }

  /** The answer to everything. */
  public static GenerateResponse answer() {
    return GenerateResponse.newBuilder()
        .setText("Paris.")
        .setRequestId("r-1")
        .setSeed(7)
        .setModel("tiny")
        .setModelDigest(DIGEST)
        .setFinishReason(FinishReason.FINISH_REASON_STOP)
        .setUsage(
            Usage.newBuilder()
                .setPromptTokens(5)
                .setCompletionTokens(2)
                .setCanvasTokens(4)
                .setDenoisingSteps(2))
        .build();
  }

  private final class Generation extends GenerationGrpc.GenerationImplBase {

    @Override
    public void score(ScoreRequest request, StreamObserver<ScoreResponse> reply) {
      scored.add(request);
      if (!failed(reply)) {
        answer(
            reply,
            ScoreResponse.newBuilder()
                .setLogLikelihood(-6.25)
                .setStandardError(0.5)
                .setTokens(2)
                .setPerplexity(22.76)
                .setSamples(request.getSamples())
                .addPerToken(
                    TokenScore.newBuilder().setTokenId(9).setText("Pa").setLogLikelihood(-4))
                .addPerToken(
                    TokenScore.newBuilder().setTokenId(8).setText("ris").setLogLikelihood(-2.25))
                .setModel("tiny")
                .setModelDigest(DIGEST)
                .setRequestId("r-2")
                .build());
      }
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> reply) {
      asked.add(request);
      if (!failed(reply)) {
        answer(reply, FakeGateway.answer());
      }
    }

    @Override
    public void generateStream(
        GenerateStreamRequest request, StreamObserver<GenerationEvent> reply) {
      asked.add(request.getRequest());
      if (failed(reply)) {
        return;
      }
      reply.onNext(
          GenerationEvent.newBuilder()
              .setStarted(
                  GenerationStarted.newBuilder()
                      .setCanvasLength(4)
                      .setBlockLength(4)
                      .setModelDigest(DIGEST))
              .build());
      reply.onNext(step(1, 1, ".", 3));
      reply.onNext(step(2, 0, "Paris", 2));
      answer(reply, GenerationEvent.newBuilder().setFinal(FakeGateway.answer()).build());
    }

    private static GenerationEvent step(int step, int slot, String text, int masked) {
      return GenerationEvent.newBuilder()
          .setStep(
              CanvasStep.newBuilder()
                  .setStep(step)
                  .setMaskedLeft(masked)
                  .addCommits(
                      SlotCommit.newBuilder().setSlot(slot).setText(text).setConfidence(0.5f)))
          .build();
    }
  }

  private final class Files extends FilesGrpc.FilesImplBase {

    @Override
    public StreamObserver<UploadRequest> upload(StreamObserver<File> reply) {
      return new StreamObserver<>() {
        private ByteString content = ByteString.EMPTY;

        @Override
        public void onNext(UploadRequest part) {
          content = content.concat(part.getData());
        }

        @Override
        public void onError(Throwable gone) {
          // The caller gave up.
        }

        @Override
        public void onCompleted() {
          uploaded.set(content);
          if (!failed(reply)) {
            answer(reply, File.newBuilder().setId("file-1").setBytes(content.size()).build());
          }
        }
      };
    }

    @Override
    public void delete(DeleteFileRequest request, StreamObserver<DeleteFileResponse> reply) {
      deleted.add(request.getId());
      answer(reply, DeleteFileResponse.newBuilder().setDeleted(true).build());
    }
  }

  private final class FineTuning extends FineTuningGrpc.FineTuningImplBase {

    @Override
    public void create(CreateFineTuningJobRequest request, StreamObserver<FineTuningJob> reply) {
      created.add(request);
      Status no = jobRefusal.get();
      if (request.getAutoActivate() && !activates.get()) {
        reply.onError(
            Status.PERMISSION_DENIED
                .withDescription("auto_activate is for operators.")
                .asRuntimeException());
      } else if (no != null) {
        reply.onError(no.asRuntimeException());
      } else if (!failed(reply)) {
        answer(reply, job.get());
      }
    }

    @Override
    public void get(GetFineTuningJobRequest request, StreamObserver<FineTuningJob> reply) {
      if (!failed(reply)) {
        answer(reply, job.get());
      }
    }

    @Override
    public void list(
        ListFineTuningJobsRequest request, StreamObserver<ListFineTuningJobsResponse> reply) {
      answer(reply, ListFineTuningJobsResponse.newBuilder().addJobs(job.get()).build());
    }

    @Override
    public void cancel(CancelFineTuningJobRequest request, StreamObserver<FineTuningJob> reply) {
      changed("cancel " + request.getId(), reply);
    }

    @Override
    public void pause(PauseFineTuningJobRequest request, StreamObserver<FineTuningJob> reply) {
      changed("pause " + request.getId(), reply);
    }

    @Override
    public void resume(ResumeFineTuningJobRequest request, StreamObserver<FineTuningJob> reply) {
      changed("resume " + request.getId(), reply);
    }

    private void changed(String change, StreamObserver<FineTuningJob> reply) {
      changes.add(change);
      if (!failed(reply)) {
        answer(reply, job.get());
      }
    }

    @Override
    public void listEvents(
        ListFineTuningEventsRequest request, StreamObserver<ListFineTuningEventsResponse> reply) {
      answer(
          reply,
          ListFineTuningEventsResponse.newBuilder()
              .addAllEvents(
                  List.copyOf(events).stream()
                      .filter(event -> event.getSeq() > request.getAfterSeq())
                      .toList())
              .build());
    }

    @Override
    public void watch(WatchFineTuningJobRequest request, StreamObserver<FineTuneEvent> reply) {
      List.copyOf(events).stream()
          .filter(event -> event.getSeq() > request.getAfterSeq())
          .forEach(reply::onNext);
      reply.onCompleted();
    }
  }

  private final class Admin extends AdminGrpc.AdminImplBase {

    @Override
    public void getServerInfo(GetServerInfoRequest request, StreamObserver<ServerInfo> reply) {
      if (failed(reply)) {
        return;
      }
      ServerInfo next = told.size() > 1 ? told.poll() : told.peek();
      if (next == null) {
        reply.onError(
            Status.PERMISSION_DENIED.withDescription("Only operators may.").asRuntimeException());
      } else {
        answer(reply, next);
      }
    }
  }

  private final class Models extends ModelsGrpc.ModelsImplBase {

    @Override
    public void list(ListModelsRequest request, StreamObserver<ListModelsResponse> reply) {
      if (!failed(reply)) {
        answer(reply, ListModelsResponse.newBuilder().addModels(version.get()).build());
      }
    }
  }
}
