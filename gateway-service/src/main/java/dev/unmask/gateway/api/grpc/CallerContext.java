package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.Tenants;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.tracing.TraceParent;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Carries the caller's gRPC context, with who it is and its deadline, to the thread that runs the
 * service. Quarkus moves calls between threads; the context does not follow by itself.
 */
@GlobalInterceptor
@Singleton
public class CallerContext implements ServerInterceptor {

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> TRACE =
      Metadata.Key.of(TraceParent.HEADER, Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<Origin> ORIGIN = Context.key("origin");

  private final Tenants tenants;

  public CallerContext(Tenants tenants) {
    this.tenants = tenants;
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    Origin origin =
        new Origin(
            tenants.tenant(
                name -> headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER))),
            headers.get(KEY),
            0,
            headers.get(TRACE));
    return Contexts.interceptCall(Context.current().withValue(ORIGIN, origin), call, headers, next);
  }

  /** Who makes the running call. */
  static Origin origin() {
    return ORIGIN.get(Context.current()) == null ? Origin.ANYBODY : ORIGIN.get();
  }

  /** Whether the running call's gRPC deadline has passed. */
  static boolean expired() {
    Deadline deadline = Context.current().getDeadline();
    return deadline != null && deadline.isExpired();
  }

  /** What is left of the running call's gRPC deadline, null when it has none. */
  static @Nullable Duration timeLeft() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null ? null : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }
}
