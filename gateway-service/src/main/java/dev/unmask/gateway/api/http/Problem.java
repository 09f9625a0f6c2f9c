package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is an error: the one place where the gateway's refusals become HTTP statuses.
 *
 * @param code what a program tells errors apart by
 * @param param the request field at fault, if one is
 * @param retryAfter when asking again makes sense, if it does
 */
record Problem(
    int status,
    String code,
    String message,
    @Nullable String param,
    @Nullable Duration retryAfter) {

  private static final Pattern OF_SAMPLING = Pattern.compile("(?<!generate\\.)sampling\\.");

  /** A problem of HTTP itself, which no other protocol has. */
  static Problem of(int status, String code, String message) {
    return new Problem(status, code, message, null, null);
  }

  static Problem of(Refusal refusal) {
    String code =
        refusal.code() == ErrorCode.ERROR_CODE_NOT_FOUND && "model".equals(refusal.field())
            ? "model_not_found"
            : refusal.label();
    String field = refusal.field();
    return new Problem(
        status(refusal.code()),
        code,
        openAi(refusal.message()),
        field == null ? null : openAi(field),
        refusal.retryAfter());
  }

  /**
   * What gRPC groups as {@code sampling} stands at the top of OpenAI's bodies; in a job's request
   * it stands where gRPC has it.
   */
  private static String openAi(String text) {
    return OF_SAMPLING.matcher(text).replaceAll("");
  }

  /** The table of docs/api.md. */
  static int status(ErrorCode code) {
    return switch (code) {
      case ERROR_CODE_INVALID_ARGUMENT -> 400;
      case ERROR_CODE_UNAUTHENTICATED -> 401;
      case ERROR_CODE_PERMISSION_DENIED -> 403;
      case ERROR_CODE_NOT_FOUND -> 404;
      case ERROR_CODE_ABORTED, ERROR_CODE_ALREADY_EXISTS -> 409;
      case ERROR_CODE_OUT_OF_RANGE -> 410;
      case ERROR_CODE_FAILED_PRECONDITION -> 412;
      case ERROR_CODE_RESOURCE_EXHAUSTED -> 429;
      case ERROR_CODE_CANCELLED -> 499;
      case ERROR_CODE_UNIMPLEMENTED -> 501;
      case ERROR_CODE_UNAVAILABLE -> 503;
      case ERROR_CODE_DEADLINE_EXCEEDED -> 504;
      case ERROR_CODE_INTERNAL, ERROR_CODE_UNSPECIFIED, UNRECOGNIZED -> 500;
    };
  }

  private String type() {
    return switch (status) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 429 -> "rate_limit_error";
      default -> status < 500 ? "invalid_request_error" : "server_error";
    };
  }

  /** OpenAI's error object. */
  ObjectNode json() {
    ObjectNode whole = JsonNodeFactory.instance.objectNode();
    whole
        .putObject("error")
        .put("message", message)
        .put("type", type())
        .put("param", param)
        .put("code", code);
    return whole;
  }
}
