package dev.unmask.gateway.flow;

import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerationFailed;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Why a call ends without an answer. The closed error set of the gateway is {@link ErrorCode}; each
 * edge maps it to its protocol in one place.
 *
 * @param message a sentence for the caller: what was wrong, where, what would be right
 * @param field path of the request field at fault, e.g. {@code diffusion.steps}, if one is
 * @param retryAfter when asking again makes sense, if it does
 */
public record Refusal(
    ErrorCode code, String message, @Nullable String field, @Nullable Duration retryAfter) {

  /** A request that can never be served as it is. */
  public static Refusal invalid(String field, String message) {
    return new Refusal(ErrorCode.ERROR_CODE_INVALID_ARGUMENT, message, field, null);
  }

  /** A refusal that names neither a field nor a time. */
  public static Refusal of(ErrorCode code, String message) {
    return new Refusal(code, message, null, null);
  }

  /** A refusal that ends by itself: the caller may ask again after {@code retryAfter}. */
  public static Refusal temporary(ErrorCode code, String message, Duration retryAfter) {
    return new Refusal(code, message, null, retryAfter);
  }

  /** What a sampler said; a code this build does not know counts as INTERNAL. */
  public static Refusal from(GenerationFailed failed) {
    ErrorCode code =
        switch (failed.getCode()) {
          case ERROR_CODE_UNSPECIFIED, UNRECOGNIZED -> ErrorCode.ERROR_CODE_INTERNAL;
          default -> failed.getCode();
        };
    return new Refusal(
        code, failed.getMessage(), failed.getField().isEmpty() ? null : failed.getField(), null);
  }

  /** What ended a future: the refusal it carries, or INTERNAL. */
  public static Refusal from(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException wrapper && wrapper.getCause() != null
            ? wrapper.getCause()
            : failure;
    return cause instanceof RefusedException refused
        ? refused.refusal()
        : of(ErrorCode.ERROR_CODE_INTERNAL, "The gateway failed: " + cause);
  }

  /** Stable label for metrics and logs, e.g. {@code invalid_argument}. */
  public String label() {
    return code.name().substring("ERROR_CODE_".length()).toLowerCase(java.util.Locale.ROOT);
  }
}
