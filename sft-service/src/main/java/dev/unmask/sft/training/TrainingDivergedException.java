package dev.unmask.sft.training;

/**
 * The loss or a gradient is not a finite number. The weights of the step before are still good and
 * so is the last state on the disk.
 */
public final class TrainingDivergedException extends Exception {

  private static final long serialVersionUID = 1L;

  public TrainingDivergedException(String message) {
    super(message);
  }
}
