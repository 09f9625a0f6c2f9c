package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The one place where the gateway's errors become gRPC statuses with their details. */
final class StatusMapping {

  private static final String DOMAIN = "unmask.dev";

  private StatusMapping() {}

  static Code code(ErrorCode code) {
    return switch (code) {
      case ERROR_CODE_INVALID_ARGUMENT -> Code.INVALID_ARGUMENT;
      case ERROR_CODE_NOT_FOUND -> Code.NOT_FOUND;
      case ERROR_CODE_RESOURCE_EXHAUSTED -> Code.RESOURCE_EXHAUSTED;
      case ERROR_CODE_UNAVAILABLE -> Code.UNAVAILABLE;
      case ERROR_CODE_DEADLINE_EXCEEDED -> Code.DEADLINE_EXCEEDED;
      case ERROR_CODE_CANCELLED -> Code.CANCELLED;
      case ERROR_CODE_FAILED_PRECONDITION -> Code.FAILED_PRECONDITION;
      case ERROR_CODE_ABORTED -> Code.ABORTED;
      case ERROR_CODE_UNIMPLEMENTED -> Code.UNIMPLEMENTED;
      case ERROR_CODE_ALREADY_EXISTS -> Code.ALREADY_EXISTS;
      case ERROR_CODE_UNAUTHENTICATED -> Code.UNAUTHENTICATED;
      case ERROR_CODE_PERMISSION_DENIED -> Code.PERMISSION_DENIED;
      case ERROR_CODE_OUT_OF_RANGE -> Code.OUT_OF_RANGE;
      case ERROR_CODE_INTERNAL, ERROR_CODE_UNSPECIFIED, UNRECOGNIZED -> Code.INTERNAL;
    };
  }

  /** The status of a call that never had a request id. */
  static StatusRuntimeException exception(Refusal refusal) {
    return exception(refusal, null);
  }

  /**
   * ErrorInfo always; BadRequest when a field is at fault; RetryInfo when asking again makes sense;
   * RequestInfo when the request had an id.
   */
  static StatusRuntimeException exception(Refusal refusal, @Nullable String requestId) {
    Code code = code(refusal.code());
    Status.Builder status =
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(refusal.message())
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(refusal.label().toUpperCase(Locale.ROOT))
                        .setDomain(DOMAIN)
                        .build()));
    String field = refusal.field();
    if (field != null) {
      status.addDetails(
          Any.pack(
              BadRequest.newBuilder()
                  .addFieldViolations(
                      BadRequest.FieldViolation.newBuilder()
                          .setField(field)
                          .setDescription(refusal.message()))
                  .build()));
    }
    java.time.Duration retry = refusal.retryAfter();
    if (retry != null) {
      status.addDetails(
          Any.pack(
              RetryInfo.newBuilder()
                  .setRetryDelay(
                      Duration.newBuilder()
                          .setSeconds(retry.toSeconds())
                          .setNanos(retry.toNanosPart()))
                  .build()));
    }
    if (requestId != null) {
      status.addDetails(Any.pack(RequestInfo.newBuilder().setRequestId(requestId).build()));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }
}
