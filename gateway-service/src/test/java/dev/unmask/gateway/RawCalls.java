package dev.unmask.gateway;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Calls of any gRPC method by its name, with an empty message. */
final class RawCalls {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  /**
   * How a call ended.
   *
   * @param answered whether a message came first
   */
  record End(Status status, Metadata trailers, boolean answered) {

    Status.Code code() {
      return status.getCode();
    }
  }

  private RawCalls() {}

  /** The full names of what services offer. */
  static Set<String> methods(Iterable<? extends BindableService> services) {
    Set<String> names = new TreeSet<>();
    for (BindableService service : services) {
      service
          .bindService()
          .getMethods()
          .forEach(method -> names.add(method.getMethodDescriptor().getFullMethodName()));
    }
    return names;
  }

  /** Calls a method; one that goes on after its first message, or says nothing for long, is cut. */
  static End call(ManagedChannel channel, String method, @Nullable String authorization) {
    MethodDescriptor<byte[], byte[]> descriptor =
        MethodDescriptor.newBuilder(BYTES, BYTES)
            .setFullMethodName(method)
            .setType(MethodDescriptor.MethodType.UNKNOWN)
            .build();
    ClientCall<byte[], byte[]> call =
        channel.newCall(descriptor, CallOptions.DEFAULT.withDeadlineAfter(2, TimeUnit.SECONDS));
    CompletableFuture<End> end = new CompletableFuture<>();
    Metadata headers = new Metadata();
    if (authorization != null) {
      headers.put(AUTHORIZATION, authorization);
    }
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(byte[] message) {
            end.complete(new End(Status.OK, new Metadata(), true));
            call.cancel("seen enough", null);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(new End(status, trailers, false));
          }
        },
        headers);
    call.request(1);
    call.sendMessage(new byte[0]);
    call.halfClose();
    return end.orTimeout(60, TimeUnit.SECONDS).join();
  }
}
