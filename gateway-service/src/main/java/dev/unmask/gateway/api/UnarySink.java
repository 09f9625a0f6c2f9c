package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;

/** One answer or one status. The call's context. */
final class UnarySink implements CallSink {

  private final ServerCallStreamObserver<GenerateResponse> observer;
  private final CallBinding binding;

  UnarySink(ServerCallStreamObserver<GenerateResponse> observer, CallBinding binding) {
    this.observer = observer;
    this.binding = binding;
  }

  @Override
  public void onEvent(GenerationEvent event) {
    // A unary caller sees the end only.
  }

  @Override
  public void onAnswer(GenerationEvent event, GenerateResponse answer) {
    observer.onNext(answer);
    observer.onCompleted();
  }

  @Override
  public void onRefused(Refusal refusal) {
    observer.onError(StatusMapping.exception(refusal, binding.requestId()));
  }
}
