package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.v1.ErrorCode;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import org.jboss.logging.Logger;

/** Unary calls whose answer needs the store, which may be slow: each on a thread of its own. */
final class StoreWork {

  private static final Logger LOG = Logger.getLogger(StoreWork.class);

  private StoreWork() {}

  /** Answers {@code request} from a virtual thread; called on the call's context. */
  static <T> void answer(
      Vertx vertx, Message request, StreamObserver<T> responses, Replies.Answer<T> answer) {
    var observer = Replies.outliving(responses);
    CallContext context = VertxCallContext.current(vertx);
    var unused =
        Thread.ofVirtual()
            .name("store-work")
            .start(() -> {
              try {
                UnknownFields.refuse(request);
                T found = answer.get();
                context.execute(() -> {
                  observer.onNext(found);
                  observer.onCompleted();
                });
              } catch (RefusedException e) {
                context.execute(() -> observer.onError(StatusMapping.exception(e.refusal())));
              } catch (RuntimeException e) {
                LOG.error("event=grpc.failed", e);
                Refusal fault =
                    Refusal.of(
                        ErrorCode.ERROR_CODE_INTERNAL, "The gateway failed on this request.");
                context.execute(() -> observer.onError(StatusMapping.exception(fault)));
              }
            });
  }
}
