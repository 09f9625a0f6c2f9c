package dev.unmask.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.RetryInfo;
import dev.unmask.v1.AbortRequest;
import dev.unmask.v1.AbortResponse;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.Preset;
import dev.unmask.v1.StreamMode;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class UnmaskClientTest {

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** What the gateway does with the next call; the last one stays. */
  private final Queue<StatusRuntimeException> refusals = new ConcurrentLinkedQueue<>();

  private final List<GenerateRequest> asked = new ArrayList<>();
  private final List<GenerateStreamRequest> streams = new ArrayList<>();
  private final List<Metadata> headers = new ArrayList<>();
  private final CompletableFuture<String> cancelled = new CompletableFuture<>();
  private final CompletableFuture<List<String>> aborted = new CompletableFuture<>();
  private volatile boolean silent;
  private volatile int breakAfter = Integer.MAX_VALUE;

  private final class Gateway extends GenerationGrpc.GenerationImplBase {

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> answer) {
      asked.add(request);
      StatusRuntimeException refusal = refusals.poll();
      if (refusal != null) {
        answer.onError(refusal);
      } else if (silent) {
        Context.current().addListener(context -> cancelled.complete("unary"), Runnable::run);
      } else {
        answer.onNext(GenerateResponse.newBuilder().setText("Paris").build());
        answer.onCompleted();
      }
    }

    @Override
    public void infill(GenerateRequest request, StreamObserver<GenerateResponse> answer) {
      answer.onNext(
          GenerateResponse.newBuilder().setText(request.getInfill().getTemplate()).build());
      answer.onCompleted();
    }

    @Override
    public void generateStream(
        GenerateStreamRequest request, StreamObserver<GenerationEvent> events) {
      streams.add(request);
      StatusRuntimeException refusal = refusals.poll();
      if (refusal != null) {
        events.onError(refusal);
        return;
      }
      ((ServerCallStreamObserver<GenerationEvent>) events)
          .setOnCancelHandler(() -> cancelled.complete("stream"));
      int until = breakAfter;
      breakAfter = Integer.MAX_VALUE;
      for (int seq = (int) request.getResumeAfterSeq() + 1; seq <= 3; seq++) {
        if (seq > until) {
          events.onError(Status.UNAVAILABLE.asRuntimeException());
          return;
        }
        events.onNext(
            event(seq).setText(CommittedText.newBuilder().setDelta("piece " + seq + ";")).build());
      }
      if (!silent) {
        events.onNext(event(4).setFinal(GenerateResponse.newBuilder().setText("whole")).build());
        events.onCompleted();
      }
    }

    private GenerationEvent.Builder event(int seq) {
      return GenerationEvent.newBuilder().setRequestId("r-1").setSeq(seq);
    }

    @Override
    public void abort(AbortRequest request, StreamObserver<AbortResponse> answer) {
      aborted.complete(request.getRequestIdsList());
      answer.onNext(AbortResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }

  private final ServerInterceptor headerReader =
      new ServerInterceptor() {
        @Override
        public <A, B> ServerCall.Listener<A> interceptCall(
            ServerCall<A, B> call, Metadata sent, ServerCallHandler<A, B> next) {
          headers.add(sent);
          return next.startCall(call, sent);
        }
      };

  private Server server;
  private UnmaskClient client;

  @BeforeEach
  void start() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .intercept(headerReader)
            .addService(new Gateway())
            .build()
            .start();
    client = to().open();
  }

  private UnmaskClient.Builder to() {
    return UnmaskClient.to("127.0.0.1:" + server.getPort());
  }

  @AfterEach
  void stop() throws InterruptedException {
    client.close();
    boolean ended = server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    assertThat(ended).isTrue();
  }

  private static StatusRuntimeException refusal(Status.Code code, Any detail) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage("Too many wait.")
            .addDetails(detail)
            .build());
  }

  private static StatusRuntimeException busy(Duration delay) {
    return refusal(
        Status.Code.RESOURCE_EXHAUSTED,
        Any.pack(
            RetryInfo.newBuilder()
                .setRetryDelay(
                    com.google.protobuf.Duration.newBuilder()
                        .setSeconds(delay.getSeconds())
                        .setNanos(delay.getNano()))
                .build()));
  }

  @Test
  void aQuestionSaysWhatItWasTold() {
    Question question =
        client
            .ask("What is the capital of France?")
            .model("tiny@default")
            .preset(Preset.PRESET_FAST)
            .length(32)
            .temperature(0.5)
            .seed(7)
            .maxTokens(20)
            .stop("\n");
    assertThat(question.text()).isEqualTo("Paris");
    assertThat(asked).containsExactly(question.request());
    GenerateRequest sent = asked.getFirst();
    assertThat(sent.getModel()).isEqualTo("tiny@default");
    assertThat(sent.getMessages().getMessages(0).getContent()).contains("France");
    assertThat(sent.getDiffusion().getPreset()).isEqualTo(Preset.PRESET_FAST);
    assertThat(sent.getDiffusion().getGenLength()).isEqualTo(32);
    assertThat(sent.getSampling().getSeed()).isEqualTo(7);
    assertThat(sent.getSampling().getStopList()).containsExactly("\n");
    assertThat(client.infill("a [[2]] b").text()).isEqualTo("a [[2]] b");
    assertThat(question.seed(8).request()).isNotEqualTo(question.request());
  }

  @Test
  void whoIsToldToComeBackComesBack() {
    refusals.add(busy(Duration.ofMillis(5)));
    refusals.add(busy(Duration.ofMillis(5)));
    assertThat(client.ask("x").text()).isEqualTo("Paris");
    assertThat(asked).hasSize(3);
  }

  @Test
  void aRefusalThatOutlastsTheDeadlineIsToldAtOnce() {
    refusals.add(busy(Duration.ofHours(1)));
    assertThatExceptionOfType(UnmaskException.class)
        .isThrownBy(() -> client.ask("x").within(Duration.ofSeconds(5)).text())
        .withMessage("Too many wait.")
        .satisfies(e -> {
          assertThat(e.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
          assertThat(e.retryAfter()).contains(Duration.ofHours(1));
        });
    assertThat(asked).hasSize(1);
  }

  @Test
  void whatIsWrongIsNamedAndNotAskedAgain() {
    refusals.add(
        refusal(
            Status.Code.INVALID_ARGUMENT,
            Any.pack(
                BadRequest.newBuilder()
                    .addFieldViolations(
                        BadRequest.FieldViolation.newBuilder().setField("diffusion.steps"))
                    .build())));
    assertThatExceptionOfType(UnmaskException.class)
        .isThrownBy(() -> client.ask("x").steps(-1).text())
        .satisfies(e -> assertThat(e.field()).isEqualTo("diffusion.steps"));
    assertThat(asked).hasSize(1);
  }

  @Test
  void aDeadlineEndsTheCall() {
    silent = true;
    assertThatExceptionOfType(UnmaskException.class)
        .isThrownBy(() -> client.ask("x").within(Duration.ofMillis(50)).text())
        .satisfies(e -> assertThat(e.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }

  @Test
  void anAnswerThatComesLaterCanBeCancelled() {
    assertThat(client.ask("x").answerLater().join().getText()).isEqualTo("Paris");
    silent = true;
    CompletableFuture<GenerateResponse> later = client.ask("x").answerLater();
    while (asked.size() < 2) {
      Thread.onSpinWait();
    }
    assertThat(later.cancel(true)).isTrue();
    assertThat(cancelled.join()).isEqualTo("unary");
  }

  @Test
  void aStreamIsItsTextAndItsEnd() {
    List<String> pieces = new ArrayList<>();
    refusals.add(busy(Duration.ofMillis(5)));
    try (AnswerStream stream = client.ask("x").stream()) {
      assertThat(stream.finish(pieces::add).getText()).isEqualTo("whole");
      assertThat(stream.hasNext()).isFalse();
    }
    assertThat(pieces).containsExactly("piece 1;", "piece 2;", "piece 3;");
    assertThat(streams).hasSize(2);
    assertThat(aborted).isNotDone();
  }

  @Test
  void aClosedStreamEndsTheWork() {
    silent = true;
    try (AnswerStream stream = client.ask("x").stream()) {
      assertThat(stream.next().getText().getDelta()).isEqualTo("piece 1;");
    }
    assertThat(cancelled.join()).isEqualTo("stream");
  }

  @Test
  void aResumableStreamGoesOnWhereItWas() {
    breakAfter = 2;
    List<String> pieces = new ArrayList<>();
    try (AnswerStream stream = client.ask("x").resumable(StreamMode.STREAM_MODE_BLOCK, "my key")) {
      assertThat(stream.finish(pieces::add).getText()).isEqualTo("whole");
    }
    assertThat(pieces).containsExactly("piece 1;", "piece 2;", "piece 3;");
    assertThat(streams.stream().map(GenerateStreamRequest::getResumeAfterSeq))
        .containsExactly(0L, 2L);
    assertThat(headers).extracting(h -> h.get(KEY)).containsExactly("my key", "my key");
  }

  @Test
  void aStreamWithoutAKeyEndsWithItsConnection() {
    breakAfter = 2;
    try (AnswerStream stream = client.ask("x").stream()) {
      assertThatExceptionOfType(UnmaskException.class)
          .isThrownBy(() -> stream.finish(text -> {}))
          .satisfies(e -> assertThat(e.code()).isEqualTo(Status.Code.UNAVAILABLE));
      assertThat(stream.hasNext()).isFalse();
    }
  }

  @Test
  void aResumableStreamThatIsClosedIsAborted() {
    silent = true;
    try (AnswerStream stream = client.ask("x").resumable(StreamMode.STREAM_MODE_BLOCK, "my key")) {
      assertThat(stream.hasNext()).isTrue();
    }
    assertThat(aborted.join()).containsExactly("r-1");
  }

  @Test
  void theKeyGoesWithEveryCall() {
    try (UnmaskClient keyed = to().apiKey("sk-1").open()) {
      assertThat(keyed.ask("x").text()).isEqualTo("Paris");
      assertThat(headers.getLast().get(AUTHORIZATION)).isEqualTo("Bearer sk-1");
    }
  }

  @Test
  void aCertificateThatIsNotThereIsNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UnmaskClient.to("127.0.0.1:1").tls(Path.of("/nowhere/ca.pem")).open())
        .withMessageContaining("/nowhere/ca.pem");
  }
}
