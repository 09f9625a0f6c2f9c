package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.flow.PacedSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;
import org.jspecify.annotations.Nullable;

/** A gRPC stream that frames are written to. The call's context. */
final class ObserverTransport implements PacedSink.Transport {

  private final ServerCallStreamObserver<GenerationEvent> observer;
  private final CallBinding binding;
  private final StreamMetrics.Frames metrics;
  private final @Nullable CanvasSnapshot snapshot;
  private final long afterSeq;

  /**
   * @param snapshot makes each step a whole canvas, if that is wanted
   * @param afterSeq what such a caller has already; earlier events only fill the canvas
   */
  ObserverTransport(
      ServerCallStreamObserver<GenerationEvent> observer,
      CallBinding binding,
      StreamMetrics.Frames metrics,
      @Nullable CanvasSnapshot snapshot,
      long afterSeq) {
    this.observer = observer;
    this.binding = binding;
    this.metrics = metrics;
    this.snapshot = snapshot;
    this.afterSeq = afterSeq;
  }

  @Override
  public boolean isReady() {
    return observer.isReady();
  }

  @Override
  public void frame(GenerationEvent event) {
    GenerationEvent shown = snapshot == null ? event : snapshot.of(event);
    if (snapshot == null || event.getSeq() > afterSeq || afterSeq == 0) {
      metrics.written();
      observer.onNext(shown);
    }
  }

  @Override
  public void answer(GenerationEvent event) {
    metrics.written();
    observer.onNext(event);
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
