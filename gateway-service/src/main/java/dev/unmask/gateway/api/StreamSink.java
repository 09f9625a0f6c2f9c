package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.FrameBuffer;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;

/**
 * Writes frames as fast as the caller reads and no faster: while the transport is not ready, frames
 * melt together in a {@link FrameBuffer}. The call's context.
 */
final class StreamSink implements CallSink {

  private final ServerCallStreamObserver<GenerationEvent> observer;
  private final CallBinding binding;
  private final StreamMetrics.Frames metrics;
  private final FrameBuffer waiting = new FrameBuffer();
  private boolean ended;

  StreamSink(
      ServerCallStreamObserver<GenerationEvent> observer,
      CallBinding binding,
      StreamMetrics.Frames metrics) {
    this.observer = observer;
    this.binding = binding;
    this.metrics = metrics;
  }

  @Override
  public void onEvent(GenerationEvent event) {
    if (waiting.add(event)) {
      metrics.merged();
    }
    onReady();
  }

  /** The transport may take more. */
  void onReady() {
    if (!ended && observer.isReady()) {
      flush();
    }
  }

  @Override
  public void onAnswer(GenerationEvent event) {
    ended = true;
    flush();
    write(event);
    observer.onCompleted();
  }

  @Override
  public void onRefused(Refusal refusal) {
    ended = true;
    flush();
    observer.onError(StatusMapping.exception(refusal, binding.requestId()));
  }

  private void flush() {
    if (!waiting.isEmpty()) {
      waiting.drain().forEach(this::write);
    }
  }

  private void write(GenerationEvent event) {
    metrics.written();
    observer.onNext(event);
  }
}
