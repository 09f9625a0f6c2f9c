package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.flow.PacedSink;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.text.TokenDesk;
import dev.unmask.v1.AbortRequest;
import dev.unmask.v1.AbortResponse;
import dev.unmask.v1.CountTokensResponse;
import dev.unmask.v1.DetokenizeRequest;
import dev.unmask.v1.DetokenizeResponse;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.TokenizeRequest;
import dev.unmask.v1.TokenizeResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;

/** Generate, GenerateStream, Infill, Score and Abort; tokens by {@link TokenMessages}. */
@GrpcService
public class GenerationService extends GenerationGrpc.GenerationImplBase {

  private final Reception reception;
  private final TokenDesk tokens;
  private final StreamMetrics metrics;
  private final Vertx vertx;

  public GenerationService(
      Reception reception, TokenDesk tokens, StreamMetrics metrics, Vertx vertx) {
    this.reception = reception;
    this.tokens = tokens;
    this.metrics = metrics;
    this.vertx = vertx;
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    UnaryCall.start(
        vertx, caller -> reception.generate(request, caller), responses, GenerationEvent::getFinal);
  }

  @Override
  public void infill(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    UnaryCall.start(
        vertx, caller -> reception.infill(request, caller), responses, GenerationEvent::getFinal);
  }

  @Override
  public void score(ScoreRequest request, StreamObserver<ScoreResponse> responses) {
    UnaryCall.start(
        vertx, caller -> reception.score(request, caller), responses, GenerationEvent::getScored);
  }

  @Override
  public void abort(AbortRequest request, StreamObserver<AbortResponse> responses) {
    try {
      reception.abort(request);
      responses.onNext(AbortResponse.getDefaultInstance());
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    }
  }

  @Override
  public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
    StoreWork.answer(
        vertx,
        request,
        responses,
        () -> TokenMessages.tokens(TokenMessages.tokenize(tokens, request)));
  }

  @Override
  public void countTokens(TokenizeRequest request, StreamObserver<CountTokensResponse> responses) {
    StoreWork.answer(
        vertx,
        request,
        responses,
        () -> TokenMessages.count(TokenMessages.tokenize(tokens, request)));
  }

  @Override
  public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> responses) {
    StoreWork.answer(
        vertx,
        request,
        responses,
        () ->
            DetokenizeResponse.newBuilder()
                .setText(tokens.detokenize(request.getModel(), request.getTokensList()))
                .build());
  }

  @Override
  public void generateStream(
      GenerateStreamRequest request, StreamObserver<GenerationEvent> responses) {
    var observer = (ServerCallStreamObserver<GenerationEvent>) responses;
    CallBinding binding = new CallBinding();
    observer.setOnCancelHandler(binding::cancel);
    try {
      EventDetail detail = reception.parse(() -> RequestRules.detail(request));
      boolean whole = request.getMode() == StreamMode.STREAM_MODE_STEP_SNAPSHOT;
      PacedSink sink =
          new PacedSink(
              new ObserverTransport(
                  observer,
                  binding,
                  metrics.frames(detail),
                  whole ? new CanvasSnapshot() : null,
                  request.getResumeAfterSeq()));
      observer.setOnReadyHandler(sink::onReady);
      binding.bind(
          reception.generate(
              request,
              UnaryCall.caller(vertx, detail, whole ? 0 : request.getResumeAfterSeq(), sink)));
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }
}
