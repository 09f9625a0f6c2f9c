package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.Call;
import org.jspecify.annotations.Nullable;

/**
 * Ties a gRPC call to its generation call. The cancel handler must be set before the generation
 * call exists, and the caller may be gone by then. The call's context.
 */
final class CallBinding {

  private @Nullable Call call;
  private boolean gone;

  void bind(Call admitted) {
    call = admitted;
    if (gone) {
      end(admitted);
    }
  }

  /** The gRPC call has ended without us: the caller cancelled, or its deadline passed. */
  void cancel() {
    gone = true;
    if (call != null) {
      end(call);
    }
  }

  /** One of several answers has failed; a call that has ended by itself stays as it is. */
  void giveUp() {
    if (call != null) {
      call.cancel("another answer to the same request failed");
    }
  }

  private static void end(Call call) {
    if (CallerContext.expired()) {
      call.expire();
    } else {
      call.cancel("the caller is gone");
    }
  }

  @Nullable String requestId() {
    return call == null ? null : call.requestId();
  }
}
