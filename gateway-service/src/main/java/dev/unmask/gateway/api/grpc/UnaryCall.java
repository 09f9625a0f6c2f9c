package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.Call;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import java.util.function.Function;

/** A call to the samplers with one answer. */
final class UnaryCall {

  private UnaryCall() {}

  /** Brings a call to the reception. */
  @FunctionalInterface
  interface Arrival {
    Call admit(Reception.Caller caller) throws RefusedException;
  }

  /**
   * Lets a call in and answers it; on the call's context.
   *
   * @param answer takes the answer from the call's last event
   */
  static <R> void start(
      Vertx vertx,
      Arrival arrival,
      StreamObserver<R> responses,
      Function<GenerationEvent, R> answer) {
    var observer = (ServerCallStreamObserver<R>) responses;
    CallBinding binding = new CallBinding();
    observer.setOnCancelHandler(binding::cancel);
    try {
      binding.bind(
          arrival.admit(
              caller(
                  vertx,
                  EventDetail.EVENT_DETAIL_FINAL,
                  0,
                  new UnarySink<>(observer, binding, answer))));
    } catch (RefusedException e) {
      observer.onError(StatusMapping.exception(e.refusal()));
    }
  }

  /** Who makes the running call, and how. */
  static Reception.Caller caller(Vertx vertx, EventDetail detail, long afterSeq, CallSink sink) {
    return new Reception.Caller(
        CallerContext.origin().after(afterSeq),
        detail,
        CallerContext.timeLeft(),
        VertxCallContext.current(vertx),
        sink);
  }
}
