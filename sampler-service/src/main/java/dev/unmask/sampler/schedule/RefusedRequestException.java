package dev.unmask.sampler.schedule;

import dev.unmask.v1.ErrorCode;

/**
 * The one error of this package: a request that cannot be run as it is. The message is a sentence:
 * what was wrong, where, and what would be right.
 */
public final class RefusedRequestException extends Exception {

  private final ErrorCode code;
  private final String field;

  /**
   * @param field path of the request field at fault, as {@code diffusion.steps}; empty when none is
   */
  public RefusedRequestException(ErrorCode code, String field, String message) {
    super(message);
    this.code = code;
    this.field = field;
  }

  static RefusedRequestException invalid(String field, String message) {
    return new RefusedRequestException(ErrorCode.ERROR_CODE_INVALID_ARGUMENT, field, message);
  }

  public ErrorCode code() {
    return code;
  }

  public String field() {
    return field;
  }

  /** The outcome of a run that ends with this refusal. */
  Outcome.Failed outcome() {
    return new Outcome.Failed(code, String.valueOf(getMessage()), field);
  }
}
