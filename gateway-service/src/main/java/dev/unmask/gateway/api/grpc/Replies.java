package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;

/** Unary calls that do not go to the samplers. */
final class Replies {

  private Replies() {}

  /** An answer, or why there is none. */
  @FunctionalInterface
  interface Answer<T> {
    T get() throws RefusedException;
  }

  /** Something that Kafka is told; the answer is there when Kafka has it. */
  @FunctionalInterface
  interface Telling<T> {
    CompletableFuture<T> told() throws RefusedException;
  }

  /** Answers with what is at hand, where it is called. */
  static <T> void now(Message request, StreamObserver<T> responses, Answer<T> answer) {
    try {
      UnknownFields.refuse(request);
      responses.onNext(answer.get());
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    }
  }

  /**
   * The observer of a call whose work is done whether or not anybody waits for the answer: without
   * a handler a late one would throw.
   */
  static <T> ServerCallStreamObserver<T> outliving(StreamObserver<T> responses) {
    var observer = (ServerCallStreamObserver<T>) responses;
    observer.setOnCancelHandler(() -> {});
    return observer;
  }

  /** Tells, where it is called, and answers on the call's context. */
  static <T> void whenTold(
      CallContext context, ServerCallStreamObserver<T> observer, Telling<T> telling) {
    try {
      var unused =
          telling
              .told()
              .whenComplete((answer, failure) ->
                  context.execute(() -> {
                    if (failure == null) {
                      observer.onNext(answer);
                      observer.onCompleted();
                    } else {
                      observer.onError(StatusMapping.exception(Refusal.from(failure)));
                    }
                  }));
    } catch (RefusedException e) {
      context.execute(() -> observer.onError(StatusMapping.exception(e.refusal())));
    }
  }
}
