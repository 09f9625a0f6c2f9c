package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.GenerationCall;
import dev.unmask.gateway.flow.PacedSink;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;
import java.util.function.Function;

/** Generate, GenerateStream, Infill and Score. */
@GrpcService
public class GenerationService extends GenerationGrpc.GenerationImplBase {

  private final Reception reception;
  private final StreamMetrics metrics;
  private final Vertx vertx;

  public GenerationService(Reception reception, StreamMetrics metrics, Vertx vertx) {
    this.reception = reception;
    this.metrics = metrics;
    this.vertx = vertx;
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    unary(caller -> reception.generate(request, caller), responses, GenerationEvent::getFinal);
  }

  @Override
  public void infill(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    unary(caller -> reception.infill(request, caller), responses, GenerationEvent::getFinal);
  }

  @Override
  public void score(ScoreRequest request, StreamObserver<ScoreResponse> responses) {
    unary(caller -> reception.score(request, caller), responses, GenerationEvent::getScored);
  }

  /** Brings a call to the reception. */
  private interface Arrival {
    GenerationCall admit(Reception.Caller caller) throws RefusedException;
  }

  private <R> void unary(
      Arrival arrival, StreamObserver<R> responses, Function<GenerationEvent, R> answer) {
    var observer = (ServerCallStreamObserver<R>) responses;
    CallBinding binding = new CallBinding();
    observer.setOnCancelHandler(binding::cancel);
    try {
      binding.bind(
          arrival.admit(
              caller(EventDetail.EVENT_DETAIL_FINAL, new UnarySink<>(observer, binding, answer))));
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  @Override
  public void generateStream(
      GenerateStreamRequest request, StreamObserver<GenerationEvent> responses) {
    var observer = (ServerCallStreamObserver<GenerationEvent>) responses;
    CallBinding binding = new CallBinding();
    observer.setOnCancelHandler(binding::cancel);
    try {
      EventDetail detail = reception.parse(() -> RequestRules.detail(request));
      PacedSink sink =
          new PacedSink(new ObserverTransport(observer, binding, metrics.frames(detail)));
      observer.setOnReadyHandler(sink::onReady);
      binding.bind(reception.generate(request, caller(detail, sink)));
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  private Reception.Caller caller(EventDetail detail, CallSink sink) {
    return new Reception.Caller(
        detail, CallerContext.timeLeft(), VertxCallContext.current(vertx), sink);
  }
}
