package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Services whose requests are parsed by us: bytes that are no message are refused with a sentence,
 * where the library, which parses before anything of ours hears of a call, would end the call with
 * UNKNOWN. Stateless; a call's objects are used where its listener is called.
 */
final class CheckedFrames {

  private CheckedFrames() {}

  /** The same service, as its {@code bindService} has to give it. */
  static ServerServiceDefinition of(ServerServiceDefinition plain) {
    ServiceDescriptor.Builder service =
        ServiceDescriptor.newBuilder(plain.getServiceDescriptor().getName())
            .setSchemaDescriptor(plain.getServiceDescriptor().getSchemaDescriptor());
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    for (ServerMethodDefinition<?, ?> method : plain.getMethods()) {
      ServerMethodDefinition<?, ?> checked = checked(method);
      methods.add(checked);
      service.addMethod(checked.getMethodDescriptor());
    }
    ServerServiceDefinition.Builder all = ServerServiceDefinition.builder(service.build());
    methods.forEach(all::addMethod);
    return all.build();
  }

  private static <Q, S> ServerMethodDefinition<byte[], S> checked(
      ServerMethodDefinition<Q, S> method) {
    MethodDescriptor<Q, S> typed = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        typed.toBuilder(RawBytes.MARSHALLER, typed.getResponseMarshaller()).build(),
        (raw, headers) -> {
          TypedCall<Q, S> call = new TypedCall<>(typed, raw);
          return new Parser<>(call, method.getServerCallHandler().startCall(call, headers));
        });
  }

  /** Hands on messages, and nothing any more once something was none. */
  private static final class Parser<Q, S> extends ServerCall.Listener<byte[]> {

    private final TypedCall<Q, S> call;
    private final ServerCall.Listener<Q> service;

    Parser(TypedCall<Q, S> call, ServerCall.Listener<Q> service) {
      this.call = call;
      this.service = service;
    }

    @Override
    public void onMessage(byte[] frame) {
      if (call.refused) {
        return;
      }
      Q message;
      try {
        message = call.typed.parseRequest(new ByteArrayInputStream(frame));
      } catch (StatusRuntimeException e) {
        call.refuse();
        service.onCancel();
        return;
      }
      service.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (!call.refused) {
        service.onHalfClose();
      }
    }

    @Override
    public void onCancel() {
      if (!call.refused) {
        service.onCancel();
      }
    }

    @Override
    public void onComplete() {
      if (!call.refused) {
        service.onComplete();
      }
    }

    @Override
    public void onReady() {
      if (!call.refused) {
        service.onReady();
      }
    }
  }

  /** The call as the service sees it. Deaf once it was refused. */
  private static final class TypedCall<Q, S> extends ServerCall<Q, S> {

    private final MethodDescriptor<Q, S> typed;
    private final ServerCall<byte[], S> raw;
    private volatile boolean refused;

    TypedCall(MethodDescriptor<Q, S> typed, ServerCall<byte[], S> raw) {
      this.typed = typed;
      this.raw = raw;
    }

    void refuse() {
      refused = true;
      StatusRuntimeException why =
          StatusMapping.exception(
              Refusal.of(
                  ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
                  "The frame is no "
                      + requestType()
                      + ": its bytes are no protobuf message of that type."));
      Metadata trailers = Status.trailersFromThrowable(why);
      raw.close(why.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    private String requestType() {
      return typed.getRequestMarshaller() instanceof MethodDescriptor.PrototypeMarshaller<Q> known
              && known.getMessagePrototype() instanceof Message prototype
          ? prototype.getDescriptorForType().getFullName()
          : "request of " + typed.getFullMethodName();
    }

    @Override
    public void request(int messages) {
      raw.request(messages);
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (!refused) {
        raw.sendHeaders(headers);
      }
    }

    @Override
    public void sendMessage(S message) {
      if (!refused) {
        raw.sendMessage(message);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!refused) {
        raw.close(status, trailers);
      }
    }

    @Override
    public boolean isReady() {
      return raw.isReady();
    }

    @Override
    public boolean isCancelled() {
      return refused || raw.isCancelled();
    }

    @Override
    public void setMessageCompression(boolean enabled) {
      raw.setMessageCompression(enabled);
    }

    @Override
    public void setCompression(String compressor) {
      raw.setCompression(compressor);
    }

    @Override
    public void setOnReadyThreshold(int bytes) {
      raw.setOnReadyThreshold(bytes);
    }

    @Override
    public SecurityLevel getSecurityLevel() {
      return raw.getSecurityLevel();
    }

    @Override
    public Attributes getAttributes() {
      return raw.getAttributes();
    }

    @Override
    public @Nullable String getAuthority() {
      return raw.getAuthority();
    }

    @Override
    public MethodDescriptor<Q, S> getMethodDescriptor() {
      return typed;
    }
  }
}
