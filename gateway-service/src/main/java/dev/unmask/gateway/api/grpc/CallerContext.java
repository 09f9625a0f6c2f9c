package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.AccessRule;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.AuditLog;
import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.tracing.TraceParent;
import dev.unmask.v1.ErrorCode;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The door of the gRPC port: says who calls, refuses whoever may not, and carries the caller's gRPC
 * context, with who it is and its deadline, to the thread that runs the service. Quarkus moves
 * calls between threads; the context does not follow by itself.
 */
@GlobalInterceptor
@Singleton
public class CallerContext implements ServerInterceptor {

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> CHALLENGE =
      Metadata.Key.of("www-authenticate", Metadata.ASCII_STRING_MARSHALLER);

  /** What audit records call this port. */
  static final String PROTOCOL = "grpc";

  private static final Metadata.Key<String> TRACE =
      Metadata.Key.of(TraceParent.HEADER, Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<Origin> ORIGIN = Context.key("origin");

  private final AccessTable table;
  private final Doorkeeper door;
  private final AuditLog audit;

  public CallerContext(AccessTable table, Doorkeeper door, AuditLog audit) {
    this.audit = audit;
    this.table = table;
    this.door = door;
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    Optional<AccessRule> rule = table.rpc(call.getMethodDescriptor().getFullMethodName());
    Principal who;
    try {
      who = door.identify(rule, name -> header(headers, name));
    } catch (RefusedException e) {
      audit.turnedAway(e.refusal(), PROTOCOL);
      return refused(call, e.refusal());
    }
    String action = rule.map(AccessRule::action).orElse(null);
    try {
      door.permit(who, rule);
      if (rule.isEmpty()) {
        throw new RefusedException(
            Refusal.of(
                ErrorCode.ERROR_CODE_PERMISSION_DENIED,
                "Nobody may call " + call.getMethodDescriptor().getFullMethodName() + " here."));
      }
    } catch (RefusedException e) {
      audit.asked(
          who,
          action == null ? call.getMethodDescriptor().getFullMethodName() : action,
          "",
          e.refusal().label(),
          PROTOCOL);
      return refused(call, e.refusal());
    }
    Origin origin = new Origin(who, headers.get(KEY), 0, headers.get(TRACE));
    Context context = Context.current().withValue(ORIGIN, origin);
    if (action == null) {
      return Contexts.interceptCall(context, call, headers, next);
    }
    AuditedCall<Q, S> audited =
        new AuditedCall<>(
            call, (object, outcome) -> audit.asked(who, action, object, outcome, PROTOCOL));
    return audited.listening(Contexts.interceptCall(context, audited, headers, next));
  }

  /** A header of a call by its name; null when it is absent. */
  static @Nullable String header(Metadata headers, String name) {
    return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  /** Ends a call that may not come in. */
  static <Q, S> ServerCall.Listener<Q> refused(ServerCall<Q, S> call, Refusal refusal) {
    StatusRuntimeException why = StatusMapping.exception(refusal);
    Metadata trailers = why.getTrailers() == null ? new Metadata() : why.getTrailers();
    if (why.getStatus().getCode() == Status.Code.UNAUTHENTICATED) {
      trailers.put(CHALLENGE, "Bearer realm=\"unmask\"");
    }
    call.close(why.getStatus(), trailers);
    return new ServerCall.Listener<>() {};
  }

  /** Who makes the running call. */
  static Origin origin() {
    Origin origin = ORIGIN.get(Context.current());
    if (origin == null) {
      // Somebody who came in by no door has no rights to fall back on.
      throw new IllegalStateException("a call without a caller");
    }
    return origin;
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
