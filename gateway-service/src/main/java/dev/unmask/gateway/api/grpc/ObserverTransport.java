package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.flow.PacedSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;

/** A gRPC stream that frames are written to. The call's context. */
final class ObserverTransport implements PacedSink.Transport {

  private final ServerCallStreamObserver<GenerationEvent> observer;
  private final CallBinding binding;
  private final StreamMetrics.Frames metrics;

  ObserverTransport(
      ServerCallStreamObserver<GenerationEvent> observer,
      CallBinding binding,
      StreamMetrics.Frames metrics) {
    this.observer = observer;
    this.binding = binding;
    this.metrics = metrics;
  }

  @Override
  public boolean isReady() {
    return observer.isReady();
  }

  @Override
  public void frame(GenerationEvent event) {
    metrics.written();
    observer.onNext(event);
  }

  @Override
  public void answer(GenerationEvent event) {
    frame(event);
    observer.onCompleted();
  }

  @Override
  public void refused(Refusal refusal) {
    observer.onError(StatusMapping.exception(refusal, binding.requestId()));
  }

  @Override
  public void melted() {
    metrics.merged();
  }
}
