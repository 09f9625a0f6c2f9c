package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerationEvent;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.function.Function;

/**
 * One answer or one status. The call's context.
 *
 * @param <R> what the call answers with
 */
final class UnarySink<R> implements CallSink {

  private final ServerCallStreamObserver<R> observer;
  private final CallBinding binding;
  private final Function<GenerationEvent, R> answer;

  /**
   * @param answer takes the answer from the call's last event
   */
  UnarySink(
      ServerCallStreamObserver<R> observer,
      CallBinding binding,
      Function<GenerationEvent, R> answer) {
    this.observer = observer;
    this.binding = binding;
    this.answer = answer;
  }

  @Override
  public void onEvent(GenerationEvent event) {
    // A unary caller sees the end only.
  }

  @Override
  public void onAnswer(GenerationEvent event) {
    observer.onNext(answer.apply(event));
    observer.onCompleted();
  }

  @Override
  public void onRefused(Refusal refusal) {
    observer.onError(StatusMapping.exception(refusal, binding.requestId()));
  }
}
