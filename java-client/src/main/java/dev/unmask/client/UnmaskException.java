package dev.unmask.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why there is no answer; the message is the gateway's sentence. */
public final class UnmaskException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final Status.Code code;
  private final String field;
  private final transient @Nullable Duration retryAfter;

  private UnmaskException(
      String message, StatusRuntimeException cause, String field, @Nullable Duration retryAfter) {
    super(message, cause);
    this.code = cause.getStatus().getCode();
    this.field = field;
    this.retryAfter = retryAfter;
  }

  static UnmaskException of(StatusRuntimeException failure) {
    String field = "";
    Duration retryAfter = null;
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    for (Any detail : status == null ? java.util.List.<Any>of() : status.getDetailsList()) {
      try {
        if (detail.is(RetryInfo.class)) {
          com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
          retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        } else if (detail.is(BadRequest.class)) {
          BadRequest bad = detail.unpack(BadRequest.class);
          field = bad.getFieldViolationsCount() == 0 ? "" : bad.getFieldViolations(0).getField();
        }
      } catch (InvalidProtocolBufferException e) {
        // The status itself says enough.
        field = "";
      }
    }
    String said = failure.getStatus().getDescription();
    return new UnmaskException(
        said == null || said.isBlank()
            ? "the call ended with " + failure.getStatus().getCode()
            : said,
        failure,
        field,
        retryAfter);
  }

  /** What kind of failure it is; docs/api.md has the table. */
  public Status.Code code() {
    return code;
  }

  /** The path of the field that was wrong; empty when none was. */
  public String field() {
    return field;
  }

  /** When another try is worth it, if the gateway said so. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
