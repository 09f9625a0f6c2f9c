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
  private final StreamEnd end;
  private final int index;
  private final StreamMetrics.Frames metrics;
  private final @Nullable CanvasSnapshot snapshot;
  private final long afterSeq;

  /**
   * @param index of the answer among those of the stream
   * @param snapshot makes each step a whole canvas, if that is wanted
   * @param afterSeq what such a caller has already; earlier events only fill the canvas
   */
  ObserverTransport(
      ServerCallStreamObserver<GenerationEvent> observer,
      StreamEnd end,
      int index,
      StreamMetrics.Frames metrics,
      @Nullable CanvasSnapshot snapshot,
      long afterSeq) {
    this.observer = observer;
    this.end = end;
    this.index = index;
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
    if (end.isOver()) {
      return;
    }
    GenerationEvent shown = numbered(snapshot == null ? event : snapshot.of(event));
    if (snapshot == null || event.getSeq() > afterSeq || afterSeq == 0) {
      metrics.written();
      observer.onNext(shown);
    }
  }

  @Override
  public void answer(GenerationEvent event) {
    if (!end.isOver()) {
      metrics.written();
      end.answered(numbered(event));
    }
  }

  @Override
  public void refused(Refusal refusal) {
    end.refused(refusal);
  }

  private GenerationEvent numbered(GenerationEvent event) {
    return index == 0 ? event : event.toBuilder().setAnswer(index).build();
  }

  @Override
  public void melted() {
    metrics.merged();
  }
}
