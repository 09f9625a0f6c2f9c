package dev.unmask.gateway.flow;

/** Carries a {@link Refusal} out of admission. Has no stack trace: it is an answer, not a fault. */
public final class RefusedException extends Exception {

  private final transient Refusal refusal;

  public RefusedException(Refusal refusal) {
    super(refusal.message(), null, false, false);
    this.refusal = refusal;
  }

  public Refusal refusal() {
    return refusal;
  }
}
