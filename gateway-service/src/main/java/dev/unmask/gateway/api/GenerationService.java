package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.GenerationFlow;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.admission.ValidCall;
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

/** Generate, GenerateStream and Score. */
@GrpcService
public class GenerationService extends GenerationGrpc.GenerationImplBase {

  private final GenerationFlow flow;
  private final RequestRules rules;
  private final StreamMetrics metrics;
  private final Vertx vertx;

  public GenerationService(
      GenerationFlow flow, RequestRules rules, StreamMetrics metrics, Vertx vertx) {
    this.flow = flow;
    this.rules = rules;
    this.metrics = metrics;
    this.vertx = vertx;
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    unary(() -> rules.check(request), responses, GenerationEvent::getFinal);
  }

  @Override
  public void score(ScoreRequest request, StreamObserver<ScoreResponse> responses) {
    unary(() -> rules.check(request), responses, GenerationEvent::getScored);
  }

  private <R> void unary(
      Parser<ValidCall> parser, StreamObserver<R> responses, Function<GenerationEvent, R> answer) {
    var observer = (ServerCallStreamObserver<R>) responses;
    CallBinding binding = new CallBinding();
    observer.setOnCancelHandler(binding::cancel);
    try {
      binding.bind(
          flow.start(
              parse(parser),
              EventDetail.EVENT_DETAIL_FINAL,
              CallerContext.timeLeft(),
              VertxCallContext.current(vertx),
              new UnarySink<>(observer, binding, answer)));
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
      EventDetail detail = parse(() -> RequestRules.detail(request));
      StreamSink sink = new StreamSink(observer, binding, metrics.frames(detail));
      observer.setOnReadyHandler(sink::onReady);
      binding.bind(
          flow.start(
              parse(() -> rules.check(request)),
              detail,
              CallerContext.timeLeft(),
              VertxCallContext.current(vertx),
              sink));
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  private interface Parser<T> {
    T parse() throws RefusedException;
  }

  private <T> T parse(Parser<T> parser) throws RefusedException {
    try {
      return parser.parse();
    } catch (RefusedException e) {
      throw flow.rejectedAtEdge(e);
    }
  }
}
