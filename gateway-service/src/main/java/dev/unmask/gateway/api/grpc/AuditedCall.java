package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.List;
import java.util.Locale;

/**
 * A call whose end is told: to what it was done, as the answer names it or else the request, and
 * how it ended. One call's own threads, one after the other.
 */
final class AuditedCall<Q, S> extends ForwardingServerCall.SimpleForwardingServerCall<Q, S> {

  /** Fields that name a thing and hold no text. */
  private static final List<String> NAMES = List.of("id", "model", "tenant", "digest");

  /** The same of answers. */
  private static final List<String> MADE = List.of("id", "digest");

  /** Hears the end. */
  @FunctionalInterface
  interface Teller {
    void told(String object, String outcome);
  }

  private final Teller teller;
  private volatile String asked = "";
  private volatile String answered = "";
  private boolean told;

  AuditedCall(ServerCall<Q, S> call, Teller teller) {
    super(call);
    this.teller = teller;
  }

  /** The listener with an ear for the request. */
  ServerCall.Listener<Q> listening(ServerCall.Listener<Q> listener) {
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onMessage(Q message) {
        if (asked.isEmpty()) {
          asked = name(message, NAMES);
        }
        super.onMessage(message);
      }

      @Override
      public void onCancel() {
        tell("cancelled");
        super.onCancel();
      }
    };
  }

  @Override
  public void sendMessage(S message) {
    answered = name(message, MADE);
    super.sendMessage(message);
  }

  @Override
  public void close(Status status, Metadata trailers) {
    tell(status.isOk() ? "ok" : status.getCode().name().toLowerCase(Locale.ROOT));
    super.close(status, trailers);
  }

  private synchronized void tell(String outcome) {
    if (!told) {
      told = true;
      teller.told(answered.isEmpty() ? asked : answered, outcome);
    }
  }

  private static String name(Object said, List<String> fields) {
    if (said instanceof Message message) {
      for (String field : fields) {
        FieldDescriptor found = message.getDescriptorForType().findFieldByName(field);
        if (found != null
            && found.getJavaType() == FieldDescriptor.JavaType.STRING
            && !found.isRepeated()
            && message.getField(found) instanceof String name
            && !name.isEmpty()) {
          return name;
        }
      }
    }
    return "";
  }
}
