package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.PacedSink;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
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
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Generate, GenerateStream, Infill, Score and Abort; tokens by {@link TokenMessages}. */
@GrpcService
public class GenerationService implements GenerationGrpc.AsyncService, BindableService {

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
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(GenerationGrpc.bindService(this));
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    UnaryCall.start(
        vertx,
        caller -> reception.generateAll(request, caller),
        responses,
        GenerationEvent::getFinal);
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
      reception.abort(request, CallerContext.origin().who());
      responses.onNext(AbortResponse.getDefaultInstance());
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    }
  }

  @Override
  public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
    Principal who = CallerContext.origin().who();
    StoreWork.answer(
        vertx,
        request,
        responses,
        () -> TokenMessages.tokens(TokenMessages.tokenize(tokens, who, request)));
  }

  @Override
  public void countTokens(TokenizeRequest request, StreamObserver<CountTokensResponse> responses) {
    Principal who = CallerContext.origin().who();
    StoreWork.answer(
        vertx,
        request,
        responses,
        () -> TokenMessages.count(TokenMessages.tokenize(tokens, who, request)));
  }

  @Override
  public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> responses) {
    Principal who = CallerContext.origin().who();
    StoreWork.answer(
        vertx,
        request,
        responses,
        () ->
            DetokenizeResponse.newBuilder()
                .setText(tokens.detokenize(who, request.getModel(), request.getTokensList()))
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
      Duration interval = reception.parse(() -> RequestRules.frameInterval(request));
      List<GenerateRequest> all = reception.answers(request.getRequest(), CallerContext.origin());
      boolean whole = request.getMode() == StreamMode.STREAM_MODE_STEP_SNAPSHOT;
      StreamEnd end = new StreamEnd(observer, binding, all.size());
      List<PacedSink> sinks = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        sinks.add(
            new PacedSink(
                new ObserverTransport(
                    observer,
                    end,
                    i,
                    metrics.frames(detail),
                    whole ? new CanvasSnapshot() : null,
                    request.getResumeAfterSeq()),
                VertxCallContext.current(vertx),
                interval));
      }
      observer.setOnReadyHandler(() -> sinks.forEach(PacedSink::onReady));
      Reception.Caller caller =
          UnaryCall.caller(
              vertx, detail, whole ? 0 : request.getResumeAfterSeq(), sinks.getFirst());
      binding.bind(
          all.size() == 1
              ? reception.generate(request, caller)
              : reception.generate(request, all, caller, sinks::get));
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }
}
