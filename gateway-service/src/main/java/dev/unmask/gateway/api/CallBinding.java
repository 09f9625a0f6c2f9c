package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.GenerationCall;
import org.jspecify.annotations.Nullable;

/**
 * Ties a gRPC call to its generation call. The cancel handler must be set before the generation
 * call exists, and the caller may be gone by then. The call's context.
 */
final class CallBinding {

  private @Nullable GenerationCall call;
  private boolean cancelled;

  void bind(GenerationCall admitted) {
    call = admitted;
    if (cancelled) {
      admitted.cancel("the caller is gone");
    }
  }

  void cancel() {
    cancelled = true;
    if (call != null) {
      call.cancel("the caller is gone");
    }
  }

  @Nullable String requestId() {
    return call == null ? null : call.requestId();
  }
}
