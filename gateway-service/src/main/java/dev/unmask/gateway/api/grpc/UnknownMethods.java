package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.AuditLog;
import dev.unmask.gateway.flow.access.Doorkeeper;
import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.quarkus.grpc.api.ServerBuilderCustomizer;
import io.quarkus.grpc.runtime.config.GrpcServerConfiguration;
import io.vertx.grpc.VertxServerBuilder;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/**
 * The door before methods that do not exist: gRPC would answer those itself, before any
 * interceptor, and so tell whoever has no key what there is. Called on gRPC's threads.
 */
@Singleton
public class UnknownMethods extends HandlerRegistry
    implements ServerBuilderCustomizer<VertxServerBuilder> {

  private final AccessTable table;
  private final Doorkeeper door;
  private final AuditLog audit;

  public UnknownMethods(AccessTable table, Doorkeeper door, AuditLog audit) {
    this.table = table;
    this.door = door;
    this.audit = audit;
  }

  @Override
  public void customize(GrpcServerConfiguration server, VertxServerBuilder builder) {
    var unused = builder.fallbackHandlerRegistry(this);
  }

  @Override
  public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
      String method, @Nullable String authority) {
    if (!door.locked()) {
      // gRPC says that there is none.
      return null;
    }
    return ServerMethodDefinition.create(
        MethodDescriptor.newBuilder(RawBytes.MARSHALLER, RawBytes.MARSHALLER)
            .setFullMethodName(method)
            .setType(MethodDescriptor.MethodType.UNKNOWN)
            .build(),
        this::answer);
  }

  private ServerCall.Listener<byte[]> answer(ServerCall<byte[], byte[]> call, Metadata headers) {
    try {
      var unused =
          door.identify(
              table.rpc(call.getMethodDescriptor().getFullMethodName()),
              name -> CallerContext.header(headers, name));
    } catch (RefusedException e) {
      audit.turnedAway(e.refusal(), CallerContext.PROTOCOL);
      return CallerContext.refused(call, e.refusal());
    }
    call.close(
        Status.UNIMPLEMENTED.withDescription(
            "There is no method " + call.getMethodDescriptor().getFullMethodName() + " here."),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
