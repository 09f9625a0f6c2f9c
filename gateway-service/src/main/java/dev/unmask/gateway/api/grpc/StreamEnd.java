package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;

/** The end of a stream: the last of its answers, or the first refusal. The call's context. */
final class StreamEnd {

  private final ServerCallStreamObserver<GenerationEvent> observer;
  private final CallBinding binding;
  private int missing;

  /**
   * @param answers that the stream has
   */
  StreamEnd(ServerCallStreamObserver<GenerationEvent> observer, CallBinding binding, int answers) {
    this.observer = observer;
    this.binding = binding;
    this.missing = answers;
  }

  boolean isOver() {
    return missing == 0;
  }

  /** One answer is whole. */
  void answered(GenerationEvent event) {
    observer.onNext(event);
    if (--missing == 0) {
      observer.onCompleted();
    }
  }

  /** One answer failed, and with it the others. */
  void refused(Refusal refusal) {
    if (missing > 0) {
      missing = 0;
      binding.giveUp();
      observer.onError(StatusMapping.exception(refusal, binding.requestId()));
    }
  }
}
